import type { Component } from '../component/component.ts';
import type { ComponentKind, Factory, Settings } from '../component/factory.ts';
import type { ComponentConfig, ResolvedConfig } from '../config/resolved-config.ts';
import type { Context } from '../context/context.ts';
import { errorText, PipelineError } from '../errors.ts';
import { Instance, type InstanceContext, type InstanceName } from './instance.ts';

/** What components are made with. */
export interface MakerContext extends InstanceContext {
  /** The version of the running program. */
  readonly version: string;
  /** What all components share. */
  readonly context: Context;
}

/** A component's configuration of which the kind is known. */
type Found<K extends ComponentKind> = ComponentConfig & {
  readonly factory: Extract<Factory, { readonly kind: K }>;
};

/** Makes the components of a configuration, and keeps what it has made. */
export class ComponentMaker {
  readonly #config: ResolvedConfig;
  readonly #context: MakerContext;
  readonly #instances: Instance[] = [];

  constructor(config: ResolvedConfig, context: MakerContext) {
    this.#config = config;
    this.#context = context;
  }

  /** In the order in which they were added. */
  get instances(): readonly Instance[] {
    return this.#instances;
  }

  /** A component's factory and settings. Throws `CONFIG_INVALID` if it is not configured. */
  find<K extends ComponentKind>(kind: K, id: string): Found<K> {
    const found = this.#config.components[kind].get(id);
    if (found !== undefined && found.factory.kind === kind) return found as Found<K>;
    throw new PipelineError(
      'CONFIG_INVALID',
      `service: ${kind} "${id}" is not configured. Add it to ${kind}s.`,
    );
  }

  /** Adds the place of a component that is about to be made. */
  add(name: InstanceName): Instance {
    const instance = new Instance(name, this.#context);
    this.#instances.push(instance);
    return instance;
  }

  /** Puts a component in its place. Throws `COMPONENT_START` if its factory throws. */
  make<C extends Component>(instance: Instance, create: (settings: Settings) => C): C {
    const { id, pipeline, logger, telemetry, reportStatus } = instance;
    const { version, context } = this.#context;
    const { configDir } = this.#config;
    const shared = { id, logger, telemetry, reportStatus, configDir, version, context };
    try {
      const component = create(pipeline === undefined ? shared : { ...shared, pipeline });
      instance.attach(component);
      return component;
    } catch (cause) {
      throw new PipelineError('COMPONENT_START', `failed to create ${instance.title}: ${errorText(cause)}`, {
        cause,
      });
    }
  }
}

import { COMPONENT_KINDS, type ComponentKind, type Factory } from '../component/factory.ts';
import { PipelineError } from '../errors.ts';

const BUILT_IN = 'built in';

/** A factory as the registry knows it. */
export interface RegisteredFactory {
  readonly factory: Factory;
  /** Who brought it: `built in`, or the plugin as the configuration names it. */
  readonly origin: string;
}

/** Finds factories by kind and type, under their former names too. */
export class Registry {
  readonly #byKind: Readonly<Record<ComponentKind, Map<string, RegisteredFactory>>> = {
    receiver: new Map(),
    processor: new Map(),
    connector: new Map(),
    exporter: new Map(),
    extension: new Map(),
  };

  /** Throws as `add` does. */
  constructor(factories: Iterable<Factory> = [], origin = BUILT_IN) {
    for (const factory of factories) this.add(factory, origin);
  }

  /** Adds a factory. Throws a `PipelineError` PLUGIN_LOAD that names both parties if its type or alias is taken. */
  add(factory: Factory, origin: string): void {
    const names = this.#byKind[factory.kind];
    for (const name of namesOf(factory)) {
      const other = names.get(name);
      if (other === undefined) continue;
      const owner = other.origin === BUILT_IN ? 'it is built in' : `by ${other.origin}`;
      const message = `${factory.kind} type "${name}" of ${origin} is taken (${owner})`;
      throw new PipelineError('PLUGIN_LOAD', message);
    }
    for (const name of namesOf(factory)) names.set(name, { factory, origin });
  }

  /** The factory of a type or of one of its former names. */
  get(kind: ComponentKind, type: string): RegisteredFactory | undefined {
    return this.#byKind[kind].get(type);
  }

  /** The types of a kind, former names left out, in alphabetical order. */
  types(kind: ComponentKind): string[] {
    return this.list(kind).map(({ factory }) => factory.type);
  }

  /** Every name that finds a factory of a kind, in alphabetical order. */
  names(kind: ComponentKind): string[] {
    return [...this.#byKind[kind].keys()].toSorted();
  }

  /** The factories of a kind, by type. */
  list(kind: ComponentKind): RegisteredFactory[] {
    return [...this.#byKind[kind]]
      .filter(([name, { factory }]) => name === factory.type)
      .map(([, registered]) => registered)
      .toSorted((a, b) => (a.factory.type < b.factory.type ? -1 : 1));
  }

  /** The kinds under which a name is known, to say where a misplaced component belongs. */
  kindsOf(name: string): ComponentKind[] {
    return COMPONENT_KINDS.filter((kind) => this.#byKind[kind].has(name));
  }

  /** A registry with the same factories, to which more can be added. */
  clone(): Registry {
    const copy = new Registry();
    for (const kind of COMPONENT_KINDS) {
      for (const [name, registered] of this.#byKind[kind]) copy.#byKind[kind].set(name, registered);
    }
    return copy;
  }
}

function namesOf(factory: Factory): string[] {
  return [factory.type, ...(factory.deprecatedAliases ?? [])];
}

import type { z } from 'zod';
import type { Context } from '../context/context.ts';
import type { ComponentTelemetry } from '../telemetry/telemetry.ts';
import type { Component, Consumer, ReportStatus, SignalConsumer } from './component.ts';
import type { Logger } from './logger.ts';
import type { Signal } from './signal.ts';

/** The kinds of components, which are also the (plural) sections of the configuration. */
export const COMPONENT_KINDS = ['receiver', 'processor', 'connector', 'exporter', 'extension'] as const;

/** One of the kinds of components. */
export type ComponentKind = (typeof COMPONENT_KINDS)[number];

/** How far a component can be relied on, by the Collector's own words. */
export type Stability = 'development' | 'alpha' | 'beta' | 'stable' | 'deprecated';

/** What the host gives a component when it is created. */
export interface Settings {
  /** The component's id as the configuration has it: `type` or `type/name`. */
  readonly id: string;
  /** The pipeline (`logs/flows`) that this instance of a processor belongs to; undefined for every other kind. */
  readonly pipeline?: string;
  /** Writes lines that carry the component's kind and id. */
  readonly logger: Logger;
  /** Counters and gauges that carry the component's id as an attribute. */
  readonly telemetry: ComponentTelemetry;
  /** Tells the host of a change of this component's state. */
  readonly reportStatus: ReportStatus;
  /** The facts that receivers bring and processors ask for; all components of a service share them. */
  readonly context: Context;
  /** The folder of the configuration file; relative paths in a configuration are resolved against it. */
  readonly configDir: string;
  /** The version of the running program. */
  readonly version: string;
}

/** A problem that a schema cannot express, found by a factory's `validate`. */
export interface ConfigProblem {
  /** The keys from the component's own block to the place, such as `['tls', 'cert_file']`. */
  readonly path: readonly (string | number)[];
  /** What is wrong and what to do, lower case, without the path. */
  readonly message: string;
}

interface FactoryBase<Kind extends ComponentKind, Config> {
  readonly kind: Kind;
  /** The component type that the configuration names: snake case. */
  readonly type: string;
  /** Former names, accepted with a warning. */
  readonly deprecatedAliases?: readonly string[];
  /** One sentence for `tributary components` and the documentation. */
  readonly description: string;
  /**
   * The one source of the component's configuration: its type, defaults, validation, documentation and JSON Schema.
   * Objects are strict (`z.strictObject`), every field has a description, and the empty block is valid wherever
   * no setting is required.
   */
  readonly configSchema: z.ZodType<Config>;
  /**
   * True if each worker (`service::workers`) may have a copy of the component: no batch needs what another left behind, it
   * neither reads the context nor asks for an extension that is not copyable, and it keeps no bytes of what it has handed on,
   * since they may move to another thread. Without it there is one, in the main thread, and data is brought there.
   */
  readonly isCopyable?: boolean;
  /** Rules across fields; returns every problem, not the first. */
  validate?(config: Config): readonly ConfigProblem[];
}

/** Makes receivers. `create` is called once per component id, however many pipelines name it. */
export interface ReceiverFactory<Config = unknown> extends FactoryBase<'receiver', Config> {
  readonly signals: Readonly<Partial<Record<Signal, Stability>>>;
  create(settings: Settings, config: Config, next: SignalConsumer): Component;
}

/** Makes processors. `create` is called once for every pipeline that names the id. */
export interface ProcessorFactory<Config = unknown> extends FactoryBase<'processor', Config> {
  readonly signals: Readonly<Partial<Record<Signal, Stability>>>;
  create(settings: Settings, config: Config, next: Consumer): Component & Consumer;
}

/** Makes exporters. `create` is called once per component id, however many pipelines name it. */
export interface ExporterFactory<Config = unknown> extends FactoryBase<'exporter', Config> {
  readonly signals: Readonly<Partial<Record<Signal, Stability>>>;
  create(settings: Settings, config: Config): Component & Consumer;
}

/** One way through a connector: the signal it takes as an exporter and the one it gives as a receiver. */
export interface ConnectorRoute {
  readonly from: Signal;
  readonly to: Signal;
  readonly stability: Stability;
}

/** Makes connectors: the exporter of some pipelines and the receiver of others. Called once per component id. */
export interface ConnectorFactory<Config = unknown> extends FactoryBase<'connector', Config> {
  readonly routes: readonly ConnectorRoute[];
  create(settings: Settings, config: Config, next: SignalConsumer): Component & Consumer;
}

/** Makes extensions: what serves the process and sees no data. */
export interface ExtensionFactory<Config = unknown> extends FactoryBase<'extension', Config> {
  readonly stability: Stability;
  create(settings: Settings, config: Config): Component;
}

/** Any factory; discriminated by `kind`. `create` and `validate` are methods, so that any configuration type fits. */
export type Factory =
  | ReceiverFactory
  | ProcessorFactory
  | ConnectorFactory
  | ExporterFactory
  | ExtensionFactory;

/** Declares a receiver; infers the configuration's type from its schema. */
export function defineReceiver<Config>(
  factory: Omit<ReceiverFactory<Config>, 'kind'>,
): ReceiverFactory<Config> {
  return { kind: 'receiver', ...factory };
}

/** Declares a processor; infers the configuration's type from its schema. */
export function defineProcessor<Config>(
  factory: Omit<ProcessorFactory<Config>, 'kind'>,
): ProcessorFactory<Config> {
  return { kind: 'processor', ...factory };
}

/** Declares an exporter; infers the configuration's type from its schema. */
export function defineExporter<Config>(
  factory: Omit<ExporterFactory<Config>, 'kind'>,
): ExporterFactory<Config> {
  return { kind: 'exporter', ...factory };
}

/** Declares a connector; infers the configuration's type from its schema. */
export function defineConnector<Config>(
  factory: Omit<ConnectorFactory<Config>, 'kind'>,
): ConnectorFactory<Config> {
  return { kind: 'connector', ...factory };
}

/** Declares an extension; infers the configuration's type from its schema. */
export function defineExtension<Config>(
  factory: Omit<ExtensionFactory<Config>, 'kind'>,
): ExtensionFactory<Config> {
  return { kind: 'extension', ...factory };
}

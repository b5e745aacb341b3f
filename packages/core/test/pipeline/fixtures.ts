// Small components from which the tests build services: a receiver that hands on what the test gives it, processors
// that edit or only look, exporters that keep what they get.
import {
  type Batch,
  type Component,
  type ComponentConfig,
  type ComponentKind,
  type Consumer,
  defineConnector,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
  type Factory,
  type Host,
  type PipelineConfig,
  type ResolvedConfig,
  Service,
  type ServiceOptions,
  type Settings,
  type Signal,
  type SignalConsumer,
  TelemetryRegistry,
  telemetryConfigSchema,
  z,
} from '@tributary/core';
import { captureLogger, type LogLine, numberedBatch, numbersOf, type Sink, sink } from '@tributary/testkit';

/** What a test may make a component do. */
const behaviourSchema = z.strictObject({
  failCreate: z.boolean().default(false),
  failStart: z.boolean().default(false),
  failShutdown: z.boolean().default(false),
  mutates: z.boolean().default(false),
  refuse: z.instanceof(Error).optional(),
  wait: z.boolean().default(false),
});

type Behaviour = z.output<typeof behaviourSchema>;

/** What happened in a service of a test, and the ways to reach its components. */
export class World {
  /** `create exporter:a`, `start exporter:a` … in order. */
  readonly journal: string[] = [];
  /** What receivers hand data to, by the receiver's id. */
  readonly pushers = new Map<string, SignalConsumer>();
  /** What exporters keep, by the exporter's id. */
  readonly sinks = new Map<string, Sink>();
  readonly settings = new Map<string, Settings>();
  /** What a component's shutdown waits for, by its key. */
  readonly beforeShutdown = new Map<string, () => Promise<void>>();
  readonly registry: TelemetryRegistry;
  readonly logs: readonly LogLine[];
  readonly #options: ServiceOptions;

  constructor(
    options: Partial<Pick<ServiceOptions, 'onFatal'>> & { level?: TelemetryRegistry['level'] } = {},
  ) {
    const { logger, lines } = captureLogger();
    this.logs = lines;
    this.registry = new TelemetryRegistry({ level: options.level ?? 'normal' });
    const { onFatal } = options;
    const shared = { logger, telemetry: this.registry, version: '1.2.3' };
    this.#options = onFatal === undefined ? shared : { ...shared, onFatal };
  }

  service(config: ConfigShape): Service {
    return Service.create(this.#resolve(config), this.#options);
  }

  /** Hands a batch with these items to the receiver. */
  push(receiver: string, batch: Batch): void | Promise<void> {
    const pusher = this.pushers.get(receiver);
    if (pusher === undefined) throw new Error(`no receiver ${receiver}`);
    return pusher.consume(batch);
  }

  /** The items that each exporter has, by its id. */
  received(): Record<string, number[]> {
    return Object.fromEntries([...this.sinks].map(([id, { batches }]) => [id, batches.flatMap(numbersOf)]));
  }

  #resolve({ pipelines, extensions = [], behaviour = {}, unused = {} }: ConfigShape): ResolvedConfig {
    const components: Record<ComponentKind, Map<string, ComponentConfig>> = {
      receiver: new Map(),
      processor: new Map(),
      connector: new Map(),
      exporter: new Map(),
      extension: new Map(),
    };
    const define = (kind: ComponentKind, ids: readonly string[] = []): void => {
      for (const id of ids) {
        const factory = this.#factories.find((one) => one.type === id.split('/')[0]);
        if (factory === undefined) continue;
        const isConnector = factory.kind === 'connector';
        const config = behaviourSchema.parse(behaviour[`${isConnector ? 'connector' : kind}:${id}`] ?? {});
        components[isConnector ? 'connector' : kind].set(id, { id, factory, config });
      }
    };
    const resolved: PipelineConfig[] = Object.entries(pipelines).map(([id, pipeline]) => {
      const { receivers, processors = [], exporters } = pipeline;
      define('receiver', receivers);
      define('processor', processors);
      define('exporter', exporters);
      return { id, signal: id.split('/')[0] as Signal, receivers, processors, exporters };
    });
    define('extension', extensions);
    for (const [kind, ids] of Object.entries(unused)) define(kind as ComponentKind, ids);
    return {
      configDir: '/etc/tributary',
      components,
      extensions,
      pipelines: resolved,
      telemetry: telemetryConfigSchema.parse({}),
      workers: 1,
    };
  }

  readonly #factories: readonly Factory[] = [
    defineExtension({
      type: 'ext',
      stability: 'stable',
      description: 'An extension.',
      configSchema: behaviourSchema,
      create: (settings, config) => this.#component('extension', settings, config),
    }),
    defineReceiver({
      type: 'push',
      signals: { traces: 'stable', metrics: 'stable', logs: 'stable' },
      description: 'Hands on what the test gives it.',
      configSchema: behaviourSchema,
      create: (settings, config, next) => {
        this.pushers.set(settings.id, next);
        return this.#component('receiver', settings, config);
      },
    }),
    defineProcessor({
      type: 'tag',
      signals: { traces: 'stable', metrics: 'stable', logs: 'stable' },
      description: "Sets the resource attribute `tag` to the processor's id.",
      configSchema: behaviourSchema,
      create: (settings, config, next) => ({
        ...this.#component('processor', settings, config),
        mutatesData: true,
        consume: (batch: Batch) => {
          for (const group of batch.resources()) group.resource.attributes.set('tag', settings.id);
          return next.consume(batch);
        },
      }),
    }),
    defineProcessor({
      type: 'odd',
      signals: { traces: 'stable', metrics: 'stable', logs: 'stable' },
      description: 'Hands on only batches with an odd number of items.',
      configSchema: behaviourSchema,
      create: (settings, config, next) => ({
        ...this.#component('processor', settings, config),
        consume: (batch: Batch) => (batch.itemCount % 2 === 1 ? next.consume(batch) : undefined),
      }),
    }),
    defineConnector({
      type: 'forward',
      routes: (['traces', 'metrics', 'logs'] as const).map((from) => ({
        from,
        to: from,
        stability: 'stable',
      })),
      description: 'Hands on what it gets.',
      configSchema: behaviourSchema,
      create: (settings, config, next) => ({
        ...this.#component('connector', settings, config),
        consume: (batch: Batch) => next.consume(batch),
      }),
    }),
    defineConnector({
      type: 'count',
      routes: [{ from: 'logs', to: 'metrics', stability: 'stable' }],
      description: 'Makes one data point of each batch of log records.',
      configSchema: behaviourSchema,
      create: (settings, config, next) => ({
        ...this.#component('connector', settings, config),
        consume: (batch: Batch) => next.consume(numberedBatch('metrics', [batch.itemCount])),
      }),
    }),
    defineExporter({
      type: 'keep',
      signals: { traces: 'stable', metrics: 'stable', logs: 'stable' },
      description: 'Keeps what it gets.',
      configSchema: behaviourSchema,
      create: (settings, config) => ({
        ...this.#component('exporter', settings, config),
        ...this.#keeper(settings.id, config),
      }),
    }),
  ];

  #keeper(id: string, { mutates, refuse, wait }: Behaviour): Consumer {
    const kept = sink();
    this.sinks.set(id, kept);
    return {
      mutatesData: mutates,
      consume: (batch) => {
        const take = (): void => {
          if (refuse !== undefined) throw refuse;
          if (mutates) for (const group of batch.resources()) group.resource.attributes.set('tag', id);
          kept.consume(batch);
        };
        return wait ? Promise.resolve().then(take) : take();
      },
    };
  }

  #component(kind: ComponentKind, settings: Settings, config: Behaviour): Component {
    const key = `${kind}:${settings.id}${settings.pipeline === undefined ? '' : `@${settings.pipeline}`}`;
    const step = (name: string, fails: boolean): void => {
      this.journal.push(`${name} ${key}`);
      if (fails) throw new Error(`${key} cannot ${name}.`);
    };
    this.settings.set(key, settings);
    step('create', config.failCreate);
    return {
      start: async (_host: Host) => step('start', config.failStart),
      shutdown: async () => {
        step('shutdown', config.failShutdown);
        await this.beforeShutdown.get(key)?.();
      },
    };
  }
}

/** A configuration as the tests write it; components are defined by being named. */
export interface ConfigShape {
  readonly pipelines: Readonly<
    Record<
      string,
      {
        readonly receivers: readonly string[];
        readonly processors?: readonly string[];
        readonly exporters: readonly string[];
      }
    >
  >;
  readonly extensions?: readonly string[];
  /** What components do, by `kind:id`. */
  readonly behaviour?: Readonly<Record<string, z.input<typeof behaviourSchema>>>;
  /** Components that are defined but not named by the service. */
  readonly unused?: Readonly<Partial<Record<ComponentKind, readonly string[]>>>;
}

/** The resource attribute `tag` of a batch's groups. */
export function tagsOf(batch: Batch | undefined): readonly unknown[] {
  return (batch?.resources() ?? []).map(({ resource }) => resource.attributes.get('tag'));
}

import {
  type ComponentConfig,
  type ComponentKind,
  defineConnector,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
  type Factory,
  type GraphPart,
  placeComponents,
  type ResolvedConfig,
  type Signal,
  telemetryConfigSchema,
  z,
} from '@tributary/core';
import { describe, expect, it } from 'vitest';

const KINDS: Readonly<Record<string, (isCopyable: boolean) => Factory>> = {
  receiver: (isCopyable) => defineReceiver({ ...common(isCopyable), signals: {}, create: unused }),
  processor: (isCopyable) => defineProcessor({ ...common(isCopyable), signals: {}, create: unused }),
  exporter: (isCopyable) => defineExporter({ ...common(isCopyable), signals: {}, create: unused }),
  connector: (isCopyable) => defineConnector({ ...common(isCopyable), routes: [], create: unused }),
  extension: (isCopyable) => defineExtension({ ...common(isCopyable), stability: 'stable', create: unused }),
};

function common(isCopyable: boolean) {
  return { type: 'any', description: '', configSchema: z.strictObject({}), isCopyable };
}

function unused(): never {
  throw new Error('nothing is created here');
}

/** `receivers > processors > exporters`; a name in capitals is of what may not be copied, `c` and `C` begin connectors. */
function place(pipelines: Readonly<Record<string, string>>, extensions: readonly string[] = []) {
  const components = Object.fromEntries(
    Object.keys(KINDS).map((kind) => [kind, new Map<string, ComponentConfig>()]),
  ) as Record<ComponentKind, Map<string, ComponentConfig>>;
  const define = (listed: string, of: ComponentKind): string[] => {
    const ids = listed.split(' ').filter((id) => id !== '');
    for (const id of ids) {
      const kind = /^c/i.test(id) ? 'connector' : of;
      const factory = KINDS[kind]!(id !== id.toUpperCase());
      components[kind].set(id, { id, factory, config: {} });
    }
    return ids;
  };
  const config: ResolvedConfig = {
    configDir: '/',
    components,
    extensions: define(extensions.join(' '), 'extension'),
    pipelines: Object.entries(pipelines).map(([id, text]) => {
      const [receivers = '', processors = '', exporters = ''] = text.split('>');
      return {
        id,
        signal: id.split('/')[0] as Signal,
        receivers: define(receivers, 'receiver'),
        processors: define(processors, 'processor'),
        exporters: define(exporters, 'exporter'),
      };
    }),
    telemetry: telemetryConfigSchema.parse({}),
    workers: 2,
  };
  const placement = placeComponents(config);
  return (
    placement && { worker: shown(placement.worker), main: shown(placement.main), entries: placement.entries }
  );
}

function shown({ receivers, processors, exporters, extensions }: GraphPart) {
  return {
    receivers: [...receivers].join(' '),
    processors: Object.fromEntries([...processors].map(([id, { from, to }]) => [id, `${from}-${to}`])),
    exporters: [...exporters].join(' '),
    ...(extensions.size === 0 ? {} : { extensions: [...extensions].join(' ') }),
  };
}

const NOTHING = { receivers: '', processors: {}, exporters: '' };

describe('placeComponents', () => {
  it('puts a pipeline of what may be copied into the workers whole', () => {
    expect(place({ traces: 'otlp > batch > out' })).toEqual({
      worker: { receivers: 'otlp', processors: { traces: '0-1' }, exporters: 'out' },
      main: NOTHING,
      entries: [],
    });
  });

  it('cuts a pipeline before the first processor that may not be copied', () => {
    expect(place({ logs: 'otlp > limit ENRICH batch > out' })).toEqual({
      worker: { receivers: 'otlp', processors: { logs: '0-1' }, exporters: '' },
      main: { receivers: '', processors: { logs: '1-3' }, exporters: 'out' },
      entries: [{ pipeline: 'logs', processor: 1 }],
    });
  });

  it('cuts before an exporter and a connector that may not be copied, and follows the connector', () => {
    expect(place({ logs: 'otlp > limit > out FILE CMETRICS', metrics: 'CMETRICS > batch > out' })).toEqual({
      worker: { receivers: 'otlp', processors: { logs: '0-1' }, exporters: 'out' },
      main: { receivers: '', processors: { metrics: '0-1' }, exporters: 'FILE CMETRICS out' },
      entries: [{ exporter: 'FILE' }, { exporter: 'CMETRICS' }],
    });
  });

  it('keeps what follows a connector that may be copied in the workers', () => {
    expect(place({ logs: 'otlp > > croute', 'logs/2': 'croute > ENRICH > out' })).toEqual({
      worker: { receivers: 'otlp', processors: { logs: '0-0', 'logs/2': '0-0' }, exporters: 'croute' },
      main: { receivers: '', processors: { 'logs/2': '0-1' }, exporters: 'out' },
      entries: [{ pipeline: 'logs/2', processor: 0 }],
    });
  });

  it('has a pipeline that receivers of both kinds feed in both', () => {
    expect(place({ logs: 'otlp EBPF > limit ENRICH > out', traces: 'otlp EBPF > limit > out' })).toEqual({
      worker: { receivers: 'otlp', processors: { logs: '0-1', traces: '0-1' }, exporters: 'out' },
      main: { receivers: 'EBPF', processors: { logs: '0-2', traces: '0-1' }, exporters: 'out' },
      entries: [{ pipeline: 'logs', processor: 1 }],
    });
  });

  it('has what no worker feeds in the main thread alone', () => {
    expect(place({ logs: 'otlp > > out', metrics: 'K8S > batch > out' })).toEqual({
      worker: { receivers: 'otlp', processors: { logs: '0-0' }, exporters: 'out' },
      main: { receivers: 'K8S', processors: { metrics: '0-1' }, exporters: 'out' },
      entries: [],
    });
  });

  it('runs extensions in the main thread, and those that may be copied in the workers too', () => {
    const placed = place({ logs: 'otlp > > out' }, ['HEALTH', 'auth']);
    expect([placed?.worker.extensions, placed?.main.extensions]).toEqual(['auth', 'HEALTH auth']);
  });

  it('places nothing where no receiver may be copied', () => {
    expect(place({ logs: 'EBPF > batch > out' })).toBeUndefined();
  });
});

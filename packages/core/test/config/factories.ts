/** Components whose settings have every shape that a configuration can get wrong. */
import { z } from 'zod';
import {
  type ConfigProblem,
  defineConnector,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
  type Factory,
} from '../../src/component/factory.ts';
import { Registry } from '../../src/config/registry.ts';
import {
  byteSize,
  duration,
  endpoint,
  keyword,
  opaqueMap,
  opaqueString,
} from '../../src/config/schema-types.ts';

const ALL = { traces: 'stable', metrics: 'stable', logs: 'stable' } as const;

const grpc = z.strictObject({
  endpoint: endpoint('listen').default('localhost:4317').describe('Where to listen.'),
  max_recv_msg_size_mib: z.int().min(1).max(4095).default(64).describe('The largest request.'),
  tls: z
    .strictObject({ cert_file: z.string().describe('The certificate.') })
    .optional()
    .describe('TLS.'),
});

const otlpReceiver = defineReceiver({
  type: 'otlp',
  description: 'Receives OTLP.',
  signals: ALL,
  configSchema: z.strictObject({
    protocols: z
      .strictObject({ grpc: grpc.optional().describe('gRPC.'), http: grpc.optional().describe('HTTP.') })
      .prefault({})
      .describe('The protocols.'),
  }),
  create: () => ({}),
});

const hostMetricsReceiver = defineReceiver({
  type: 'host_metrics',
  deprecatedAliases: ['hostmetrics'],
  description: 'Measures the host.',
  signals: { metrics: 'beta' },
  configSchema: z.strictObject({
    interval: duration({ default: '10s', min: '1ms', max: '1h' }).describe('How often.'),
    scrapers: z
      .array(keyword(['cpu', 'load', 'memory']))
      .min(1)
      .default(['cpu'])
      .describe('What.'),
  }),
  create: () => ({}),
});

const action = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('insert'),
    key: z.string(),
    value: z.union([z.string(), z.number(), z.boolean()]),
  }),
  z.strictObject({ action: z.literal('delete'), key: z.string() }),
]);

const attributesProcessor = defineProcessor({
  type: 'attributes',
  description: 'Changes attributes.',
  signals: ALL,
  configSchema: z.strictObject({
    actions: z.array(action).min(1, 'expected at least one action').describe('What to do.'),
  }),
  create: (_settings, _config, next) => next,
});

const otlpHttpExporter = defineExporter({
  type: 'otlp_http',
  deprecatedAliases: ['otlphttp'],
  description: 'Sends OTLP.',
  signals: ALL,
  configSchema: z.strictObject({
    endpoint: endpoint('url').describe('Where to.'),
    timeout: duration({ default: '30s' }).describe('How long.'),
    compression: z.enum(['gzip', 'zstd', 'none']).default('gzip').describe('How packed.'),
    headers: opaqueMap().default({}).describe('Headers.'),
    token: opaqueString().optional().describe('A token.'),
    read_buffer_size: byteSize().default(0).describe('A buffer.'),
    insecure: z.boolean().default(false).describe('No TLS.'),
    ratio: z.number().gt(0).max(1).default(1).describe('A share.'),
    sending_queue: z
      .strictObject({ enabled: z.boolean().default(true), queue_size: z.int().min(1).default(1000) })
      .prefault({})
      .describe('The queue.'),
    labels: z
      .record(z.string().regex(/^[a-z]+$/), z.union([z.string(), z.number()]))
      .default({})
      .describe('Labels.'),
    target: z
      .union([z.strictObject({ path: z.string() }), z.strictObject({ host: z.string(), port: z.int() })])
      .optional()
      .describe('A place.'),
  }),
  validate({ compression, sending_queue }): ConfigProblem[] {
    const problems: ConfigProblem[] = [];
    if (compression === 'none' && sending_queue.queue_size > 5000) {
      problems.push({
        path: ['sending_queue', 'queue_size'],
        message: 'is too large without compression (6000). Compress.',
      });
      problems.push({ path: ['compression'], message: 'must not be none with a queue above 5000' });
    }
    return problems;
  },
  create: () => ({ consume: () => undefined }),
});

const brittleExporter = defineExporter({
  type: 'brittle',
  description: 'Has defects of its own.',
  signals: { logs: 'development' },
  configSchema: z.strictObject({
    schema: z
      .boolean()
      .default(false)
      .transform((fails) => {
        if (fails) throw new Error('the transform is broken');
        return fails;
      }),
    validate: z.boolean().default(false),
  }),
  validate({ validate }) {
    if (validate) throw new Error('the validation is broken');
    return [];
  },
  create: () => ({ consume: () => undefined }),
});

const empty = z.strictObject({});

const forwardConnector = defineConnector({
  type: 'forward',
  description: 'Joins pipelines.',
  routes: (['traces', 'metrics', 'logs'] as const).map((signal) => ({
    from: signal,
    to: signal,
    stability: 'beta',
  })),
  configSchema: empty,
  create: () => ({ consume: () => undefined }),
});

const countConnector = defineConnector({
  type: 'count',
  description: 'Counts.',
  routes: [{ from: 'traces', to: 'metrics', stability: 'beta' }],
  configSchema: empty,
  create: () => ({ consume: () => undefined }),
});

const nopReceiver = defineReceiver({
  type: 'nop',
  description: 'Nothing.',
  signals: ALL,
  configSchema: empty,
  create: () => ({}),
});
const nopExporter = defineExporter({
  type: 'nop',
  description: 'Nothing.',
  signals: ALL,
  configSchema: empty,
  create: () => ({ consume: () => undefined }),
});
const batchProcessor = defineProcessor({
  type: 'batch',
  description: 'Batches.',
  signals: ALL,
  configSchema: z.strictObject({ timeout: duration({ default: '200ms' }).describe('How long.') }),
  create: (_settings, _config, next) => next,
});
const healthExtension = defineExtension({
  type: 'health_check',
  description: 'Answers.',
  stability: 'beta',
  configSchema: z.strictObject({ endpoint: endpoint().default('localhost:13133').describe('Where.') }),
  create: () => ({}),
});

const FACTORIES: readonly Factory[] = [
  otlpReceiver,
  hostMetricsReceiver,
  nopReceiver,
  attributesProcessor,
  batchProcessor,
  otlpHttpExporter,
  brittleExporter,
  nopExporter,
  forwardConnector,
  countConnector,
  healthExtension,
];

/** A registry with all of them. */
export function testRegistry(): Registry {
  return new Registry(FACTORIES);
}

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineReceiver } from '../../src/component/factory.ts';
import { configSchema } from '../../src/config/json-schema.ts';
import { Registry } from '../../src/config/registry.ts';
import { testRegistry } from './factories.ts';
import { value } from './tree.ts';

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  configSchema(testRegistry()),
);

/** The places of a configuration that the schema refuses. */
function refused(yaml: string): string[] {
  if (validate(value(yaml))) return [];
  const places = (validate.errors ?? []).map(({ instancePath, keyword, params }) =>
    keyword === 'additionalProperties' ? `${instancePath}/${params['additionalProperty']}` : instancePath,
  );
  return [...new Set(places)].toSorted((a, b) => b.length - a.length).slice(0, 1);
}

const GOOD = `
plugins: [./mine.ts]
extensions:
  health_check:
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
        max_recv_msg_size_mib: 16
      http:
  otlp/2: {}
  hostmetrics: { interval: 0, scrapers: cpu }
processors:
  batch: { timeout: 1m30s }
  attributes: { actions: [{ action: insert, key: a, value: 1 }] }
exporters:
  otlp_http: { endpoint: "http://localhost:4318", compression: none, labels: { a: 1 } }
service:
  extensions: [health_check]
  telemetry: { logs: { level: DEBUG }, metrics: { level: detailed } }
  pipelines:
    traces: { receivers: [otlp], processors: [], exporters: [otlp_http] }
    logs/2:
`;

test('it accepts what the loader accepts', () => {
  expect(refused(GOOD)).toStrictEqual([]);
});

test('references and empty keys may stand anywhere', () => {
  const yaml = `
receivers:
  otlp: \${file:otlp.yaml}
  hostmetrics: { interval: "\${env:X}", scrapers: ["\${env:X}"] }
processors:
exporters:
  otlp_http: { endpoint: , timeout: "\${env:X}", compression: "\${X}", insecure: "\${X}", ratio: "\${X}", sending_queue: "\${X}" }
service:
  pipelines: "\${file:pipelines.yaml}"
  telemetry: { logs: { sampling: "\${X}", level: "\${X}" } }
`;
  expect(refused(yaml)).toStrictEqual([]);
});

test('keys of several levels are left to the loader', () => {
  expect(
    refused(
      'receivers::otlp::protocols: {}\nservice: { telemetry::logs: {} }\nexporters: { otlp_http::timeout: 1s }',
    ),
  ).toStrictEqual([]);
});

describe('it refuses what the loader refuses', () => {
  test.each([
    ['recievers: {}', '/recievers'],
    ['receivers: { otpl: }', '/receivers/otpl'],
    ['receivers: { otlp: { protocol: } }', '/receivers/otlp/protocol'],
    [
      'receivers: { otlp/a: { protocols: { grpc: { endpont: a } } } }',
      '/receivers/otlp~1a/protocols/grpc/endpont',
    ],
    ['receivers: { host_metrics: { interval: soon } }', '/receivers/host_metrics/interval'],
    ['receivers: { host_metrics: { interval: 5 } }', '/receivers/host_metrics/interval'],
    ['exporters: { otlp_http: { endpoint: a, compression: gzp } }', '/exporters/otlp_http/compression'],
    ['exporters: { otlp_http: { endpoint: a, insecure: yes } }', '/exporters/otlp_http/insecure'],
    ['exporters: { otlp_http: {} }', '/exporters/otlp_http'],
    ['service: { pipelines: { trace: {} } }', '/service/pipelines/trace'],
    ['service: { pipelines: { traces: { procesors: [a] } } }', '/service/pipelines/traces/procesors'],
    ['service: { telemetry: { logs: { level: loud } } }', '/service/telemetry/logs/level'],
  ])('%s', (yaml, place) => {
    expect(refused(yaml)).toStrictEqual([place]);
  });
});

test('every setting carries its description and its default', () => {
  const schema = configSchema(testRegistry()) as { $defs: Record<string, unknown> };
  expect(schema.$defs['processor.batch']).toStrictEqual({
    description: 'Batches.',
    anyOf: [
      {
        type: 'object',
        properties: {
          timeout: {
            default: '200ms',
            description: 'How long.',
            anyOf: [
              { type: ['string', 'integer'], pattern: expect.any(String), minimum: 0, maximum: 0 },
              { $ref: '#/$defs/substitution' },
              { type: 'null' },
            ],
          },
        },
        additionalProperties: false,
      },
      { $ref: '#/$defs/substitution' },
      { type: 'null' },
    ],
  });
});

test('a component whose schema cannot be put into JSON Schema is left unchecked', () => {
  const unrepresentable = z.strictObject({}).transform((config) => config);
  Object.defineProperty(unrepresentable._zod, 'toJSONSchema', {
    value: () => {
      throw new Error('cannot');
    },
  });
  const factory = defineReceiver({
    type: 'odd',
    description: 'Odd.',
    signals: { logs: 'development' },
    configSchema: unrepresentable,
    create: () => ({}),
  });
  const schema = configSchema(new Registry([factory])) as { $defs: Record<string, unknown> };
  expect(schema.$defs['receiver.odd']).toStrictEqual({ description: 'Odd.' });
});

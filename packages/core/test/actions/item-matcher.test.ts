import { jsonBatch } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { compileMatcher } from '../../src/actions/item-matcher.ts';
import { matchPropertiesSchema } from '../../src/actions/match-config.ts';
import type { Batch } from '../../src/otlp/batch.ts';

const attributes = (pairs: Readonly<Record<string, unknown>>) =>
  Object.entries(pairs).map(([key, value]) => ({ key, value }));

const RESOURCE = {
  attributes: attributes({
    'service.name': { stringValue: 'checkout' },
    'host.name': { stringValue: 'node-17' },
    'host.cpus': { intValue: '8' },
  }),
};
const SCOPE = { name: 'http', version: '1.2.3' };
const ATTRIBUTES = attributes({
  env: { stringValue: 'prod' },
  retries: { intValue: '2' },
  ratio: { doubleValue: 1e-7 },
  whole: { doubleValue: 2 },
  cached: { boolValue: true },
  large: { intValue: '9007199254740993' },
  tags: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }] } },
  labels: { kvlistValue: { values: attributes({ b: { boolValue: true }, a: { stringValue: 'x' } }) } },
  blob: { bytesValue: 'AQI=' },
});

const span = (fields: object = {}) =>
  jsonBatch({
    resourceSpans: [
      {
        resource: RESOURCE,
        scopeSpans: [
          { scope: SCOPE, spans: [{ name: 'GET /cart', kind: 2, attributes: ATTRIBUTES, ...fields }] },
        ],
      },
    ],
  });
const log = (fields: object = {}) =>
  jsonBatch({
    resourceLogs: [
      {
        resource: RESOURCE,
        scopeLogs: [
          {
            scope: SCOPE,
            logRecords: [
              {
                body: { stringValue: 'user login' },
                severityNumber: 13,
                severityText: 'WARN',
                attributes: ATTRIBUTES,
                ...fields,
              },
            ],
          },
        ],
      },
    ],
  });
const metric = () =>
  jsonBatch({
    resourceMetrics: [
      {
        resource: RESOURCE,
        scopeMetrics: [{ scope: SCOPE, metrics: [{ name: 'http.requests', gauge: { dataPoints: [{}] } }] }],
      },
    ],
  });

/** Whether the only item of a batch matches a block. */
function matches(batch: Batch, block: Readonly<Record<string, unknown>>): boolean {
  const matcher = compileMatcher(matchPropertiesSchema.parse(block), batch.signal);
  const [group] = batch.resources();
  const [scope] = group?.scopes() ?? [];
  const [item] = scope?.records() ?? [];
  if (group === undefined || scope === undefined || item === undefined) throw new Error('no item');
  return (
    matcher.matchesResource(group.resource) && matcher.matchesScope(scope.scope) && matcher.matchesItem(item)
  );
}

const strict = (properties: object) => ({ match_type: 'strict', ...properties });
const regexp = (properties: object) => ({ match_type: 'regexp', ...properties });

describe('a block for spans', () => {
  it.each([
    [strict({ services: ['cart', 'checkout'] }), true],
    [strict({ services: ['check'] }), false],
    [regexp({ services: ['^check'] }), true],
    [strict({ span_names: ['GET /cart'] }), true],
    [strict({ span_names: ['GET'] }), false],
    [regexp({ span_names: ['^POST', '/cart$'] }), true],
    [strict({ span_kinds: ['SPAN_KIND_CLIENT', 'SPAN_KIND_SERVER'] }), true],
    [strict({ span_kinds: ['SPAN_KIND_CLIENT'] }), false],
    [regexp({ span_kinds: ['SERVER|CLIENT'] }), true],
    [strict({ libraries: [{ name: 'http' }] }), true],
    [strict({ libraries: [{ name: 'grpc' }] }), false],
    [strict({ libraries: [{ name: 'http' }, { name: 'grpc' }] }), false],
    [strict({ libraries: [{ name: 'http', version: '1.2.3' }] }), true],
    [strict({ libraries: [{ name: 'http', version: '' }] }), false],
    [regexp({ libraries: [{ name: '^ht', version: '^1\\.' }] }), true],
    [
      strict({
        resources: [
          { key: 'host.name', value: 'node-17' },
          { key: 'host.cpus', value: 8 },
        ],
      }),
      true,
    ],
    [
      strict({
        resources: [
          { key: 'host.name', value: 'node-17' },
          { key: 'host.cpus', value: 9 },
        ],
      }),
      false,
    ],
    [strict({ resources: [{ key: 'host.name' }] }), true],
    [strict({ resources: [{ key: 'host.type' }] }), false],
    [strict({ services: ['checkout'], span_names: ['GET /cart'], attributes: [{ key: 'env' }] }), true],
    [strict({ services: ['checkout'], span_names: ['GET /cart'], attributes: [{ key: 'x' }] }), false],
  ])('%j: %s', (block, expected) => {
    expect(matches(span(), block)).toBe(expected);
  });

  it('calls a missing service <nil-service-name>, as the Collector does', () => {
    const batch = jsonBatch({ resourceSpans: [{ scopeSpans: [{ spans: [{}] }] }] });
    expect(matches(batch, strict({ services: ['<nil-service-name>'] }))).toBe(true);
  });

  it('has no name for a kind that OTLP does not know', () => {
    expect(matches(span({ kind: 77 }), regexp({ span_kinds: ['^$'] }))).toBe(true);
  });
});

describe('an attribute', () => {
  it.each([
    ['env', 'prod', true],
    ['env', 'dev', false],
    ['retries', 2, true],
    ['retries', '2', false],
    ['retries', 2.5, false],
    ['whole', 2, false],
    ['ratio', 1e-7, true],
    ['cached', true, true],
    ['cached', 'true', false],
    ['tags', ['a', 1], true],
    ['tags', [1, 'a'], false],
    ['labels', { a: 'x', b: true }, true],
    ['labels', { a: 'x' }, false],
    ['missing', null, false],
    ['blob', null, true],
  ])('%s is strictly %j: %s', (key, value, expected) => {
    expect(matches(span(), strict({ attributes: [{ key, value }] }))).toBe(expected);
  });

  it.each([
    ['env', '^pr', true],
    ['env', 'dev|test', false],
    ['retries', '^2$', true],
    ['ratio', '^0\\.0000001$', true],
    ['cached', '^true$', true],
    ['tags', '.*', false],
    ['blob', '.*', false],
    ['missing', '.*', false],
  ])('%s has the pattern %s: %s', (key, value, expected) => {
    expect(matches(span(), regexp({ attributes: [{ key, value }] }))).toBe(expected);
  });
});

it('an integer beyond the safe ones is compared exactly', () => {
  const large = (value: bigint) => strict({ attributes: [{ key: 'large', value }] });
  expect([matches(span(), large(9007199254740993n)), matches(span(), large(9007199254740992n))]).toEqual([
    true,
    false,
  ]);
});

describe('a block for log records', () => {
  it.each([
    [{}, strict({ log_bodies: ['user login'] }), true],
    [{}, regexp({ log_bodies: ['LOGIN', 'login'] }), true],
    [{ body: { intValue: '42' } }, strict({ log_bodies: ['42'] }), true],
    [{ body: undefined }, strict({ log_bodies: [''] }), true],
    [{}, strict({ log_severity_texts: ['WARN'] }), true],
    [{}, regexp({ log_severity_texts: ['^W'] }), true],
    [{}, strict({ log_severity_texts: ['INFO'] }), false],
    [{}, strict({ log_severity_number: { min: 13 } }), true],
    [{}, strict({ log_severity_number: { min: 14 } }), false],
    [{ severityNumber: 0 }, strict({ log_severity_number: { min: 0 } }), false],
    [{ severityNumber: 0 }, strict({ log_severity_number: { min: 9, match_undefined: true } }), true],
    [{}, strict({ log_bodies: ['user login'], attributes: [{ key: 'env', value: 'dev' }] }), false],
  ])('with %j and %j: %s', (fields, block, expected) => {
    expect(matches(log(fields), block)).toBe(expected);
  });
});

describe('a block for metrics', () => {
  it.each([
    [strict({ metric_names: ['http.requests'] }), true],
    [strict({ metric_names: ['http'] }), false],
    [regexp({ metric_names: ['^http\\.'] }), true],
    [strict({ resources: [{ key: 'host.name', value: 'node-17' }] }), true],
    [strict({ resources: [{ key: 'host.name', value: 'node-18' }] }), false],
  ])('%j: %s', (block, expected) => {
    expect(matches(metric(), block)).toBe(expected);
  });
});

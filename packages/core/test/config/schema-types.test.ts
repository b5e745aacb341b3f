import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  byteSize,
  byteSizeMib,
  duration,
  type EndpointForm,
  endpoint,
  keyword,
  opaqueMap,
  opaqueString,
} from '../../src/config/schema-types.ts';

function messages(schema: z.ZodType, value: unknown): string[] {
  return schema.safeParse(value).error?.issues.map(({ message }) => message) ?? [];
}

test('a duration yields milliseconds, and its default', () => {
  expect(duration().parse('1m30s')).toBe(90_000);
  expect(duration().parse(0)).toBe(0);
  expect(duration({ default: '5s' }).parse(undefined)).toBe(5000);
  expect(duration({ min: '-1h' }).parse('-5s')).toBe(-5000);
});

test('a duration of the wrong kind or size says what is expected', () => {
  const unit = 'expected a duration with a unit, such as "10s", "200ms" or "1m30s"';
  expect(messages(duration(), 5)).toStrictEqual([unit]);
  expect(messages(duration(), 'soon')).toStrictEqual([unit]);
  expect(messages(duration(), undefined)).toStrictEqual([unit]);
  expect(messages(duration(), '-5s')).toStrictEqual(['expected a duration of at least 0s']);
  expect(messages(duration({ min: '1ms' }), '0')).toStrictEqual(['expected a duration of at least 1ms']);
  expect(messages(duration({ max: '1h' }), '61m')).toStrictEqual(['expected a duration of at most 1h']);
});

test('a schema with a limit that is no duration is a defect', () => {
  expect(() => duration({ min: '5' })).toThrow('"5" is no duration: the schema of a component is wrong');
});

test.each<[EndpointForm, string[], string[]]>([
  ['listen', ['localhost:4317', ':0', '[::1]:1'], ['localhost', 'http://a:1', 'a:b']],
  [
    'grpc',
    ['host:4317', 'https://host', 'unix:///run/x.sock', 'dns:///host:1'],
    [':4317', 'host', 'ftp://host'],
  ],
  [
    'url',
    ['http://localhost:4318', 'https://host/path', 'https://us%40r:p%25@host'],
    ['localhost:4318', 'unix:///run/x', 'http://', 'http://user%:x@host', 'http://user:%zz@host'],
  ],
])('an endpoint of form %s', (form, good, bad) => {
  expect(good.map((text) => endpoint(form).safeParse(text).success)).toStrictEqual(good.map(() => true));
  expect(bad.map((text) => endpoint(form).safeParse(text).success)).toStrictEqual(bad.map(() => false));
});

test('a keyword is taken in any case and yielded in lower case', () => {
  const schema = keyword(['none', 'basic']);
  expect(schema.parse('BASIC')).toBe('basic');
  expect(messages(schema, 'full')).toStrictEqual(['expected one of "none", "basic"']);
});

test('sizes are whole and not negative', () => {
  expect(byteSize().safeParse(1.5).success).toBe(false);
  expect(byteSize().safeParse(-1).success).toBe(false);
  expect(byteSizeMib().parse(64)).toBe(64);
  expect(byteSizeMib().safeParse(4_194_305).success).toBe(false);
});

test('editors are told what they can check', () => {
  const schema = z.strictObject({
    timeout: duration({ default: '5s' }).describe('How long.'),
    level: keyword(['none', 'basic']).prefault('none'),
    token: opaqueString().optional(),
    headers: opaqueMap().default({}),
  });
  expect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })).toMatchObject({
    properties: {
      timeout: { default: '5s', description: 'How long.', type: ['string', 'integer'] },
      level: { default: 'none', type: 'string', pattern: '^(?:[Nn][Oo][Nn][Ee]|[Bb][Aa][Ss][Ii][Cc])$' },
      token: { type: 'string', writeOnly: true },
      headers: { type: 'object', additionalProperties: { type: 'string', writeOnly: true } },
    },
    additionalProperties: false,
  });
});

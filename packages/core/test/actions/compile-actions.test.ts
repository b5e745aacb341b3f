import { createHash } from 'node:crypto';
import { jsonBatch } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { attributeActionSchema } from '../../src/actions/action-config.ts';
import { compileActions } from '../../src/actions/compile-actions.ts';
import type { BatchMeta } from '../../src/otlp/batch-meta.ts';

type Json = Readonly<Record<string, unknown>>;

/** Applies actions to one record with these attributes, given and returned as OTLP/JSON values. */
function apply(actions: readonly Json[], before: Json, meta: BatchMeta = {}): Json {
  const attributes = Object.entries(before).map(([key, value]) => ({ key, value }));
  const batch = jsonBatch({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes }] }] }] }, meta);
  const action = compileActions(actions.map((block) => attributeActionSchema.parse(block)));
  for (const record of batch.records()) {
    if (record.kindOf === 'log') action.apply(record.attributes, batch.meta);
  }
  const record = JSON.parse(batch.toJson()).resourceLogs[0].scopeLogs[0].logRecords[0];
  return Object.fromEntries(
    (record.attributes ?? []).map(({ key, value }: { key: string; value: unknown }) => [key, value]),
  );
}

const text = (stringValue: string) => ({ stringValue });
const int = (intValue: string) => ({ intValue });
const double = (doubleValue: number | string) => ({ doubleValue });
const bool = (boolValue: boolean) => ({ boolValue });

describe('insert, update and upsert', () => {
  it.each([
    ['insert', { a: text('old') }, { a: text('old') }],
    ['insert', {}, { a: text('new') }],
    ['update', { a: text('old') }, { a: text('new') }],
    ['update', {}, {}],
    ['upsert', { a: int('1'), b: bool(true) }, { a: text('new'), b: bool(true) }],
    ['upsert', {}, { a: text('new') }],
  ])('%s of a value on %j gives %j', (action, before, after) => {
    expect(apply([{ key: 'a', action, value: 'new' }], before)).toEqual(after);
  });

  it.each([
    ['insert', { a: text('old'), b: int('7') }, { a: text('old'), b: int('7') }],
    ['insert', { b: int('7') }, { a: int('7'), b: int('7') }],
    ['insert', {}, {}],
    ['update', { a: text('old'), b: double(0.5) }, { a: double(0.5), b: double(0.5) }],
    ['update', { b: int('7') }, { b: int('7') }],
    [
      'upsert',
      { a: text('old'), b: { bytesValue: 'AQI=' } },
      { a: { bytesValue: 'AQI=' }, b: { bytesValue: 'AQI=' } },
    ],
    ['upsert', { a: text('old') }, { a: text('old') }],
  ])('%s of an attribute on %j gives %j', (action, before, after) => {
    expect(apply([{ key: 'a', action, from_attribute: 'b' }], before)).toEqual(after);
  });

  it.each([
    ['a string', '', text('')],
    ['an integer', 2245, int('2245')],
    ['a large integer', 9223372036854775807n, int('9223372036854775807')],
    ['a fraction', 1.5, double(1.5)],
    ['a boolean', false, bool(false)],
    ['a list', ['a', 1], { arrayValue: { values: [text('a'), int('1')] } }],
    ['a map', { b: true }, { kvlistValue: { values: [{ key: 'b', value: bool(true) }] } }],
  ])('take the type of the value from the configuration: %s', (_, value, expected) => {
    expect(apply([{ key: 'a', action: 'insert', value }], {})).toEqual({ a: expected });
  });

  it.each([
    [{ from_attribute: 'b', default_value: 'none' }, {}, { a: text('none') }],
    [{ from_attribute: 'b', default_value: '' }, {}, { a: text('') }],
    [{ from_attribute: 'b', default_value: 'none' }, { b: int('1') }, { a: int('1'), b: int('1') }],
    [{ from_context: 'metadata.x', default_value: 'none' }, {}, { a: text('none') }],
    [{ default_value: 5 }, {}, { a: int('5') }],
    [{ value: null, default_value: 5 }, {}, { a: int('5') }],
    [{ value: 1, default_value: 5 }, {}, { a: int('1') }],
    [{ from_attribute: 'b', default_value: 'none' }, { a: text('old') }, { a: text('old') }],
  ])('insert with %j on %j gives %j', (settings, before, after) => {
    expect(apply([{ key: 'a', action: 'insert', ...settings }], before)).toEqual(after);
  });

  it.each<[string, BatchMeta, Json]>([
    ['client.address', { peerAddress: '10.1.2.3' }, { a: text('10.1.2.3') }],
    ['client.address', {}, { a: text('') }],
    ['metadata.X-Tenant', { metadata: new Map([['x-tenant', ['blue']]]) }, { a: text('blue') }],
    ['x-tenant', { metadata: new Map([['x-tenant', ['blue', 'green']]]) }, { a: text('blue;green') }],
    ['metadata.x-tenant', { metadata: new Map([['x-tenant', []]]) }, {}],
    ['metadata.x-tenant', {}, {}],
  ])('from_context %s of %j gives %j', (context, meta, after) => {
    expect(apply([{ key: 'a', action: 'upsert', from_context: context }], {}, meta)).toEqual(after);
  });
});

describe('delete', () => {
  const before = { 'secret.a': int('1'), b: int('2'), 'not.secret': int('3') };

  it.each([
    [{ key: 'b' }, { 'secret.a': int('1'), 'not.secret': int('3') }],
    [{ key: 'c' }, before],
    [{ pattern: 'secret' }, { b: int('2') }],
    [{ pattern: '^secret\\.' }, { b: int('2'), 'not.secret': int('3') }],
    [{ key: 'b', pattern: '^secret' }, { 'not.secret': int('3') }],
    [{ pattern: '.' }, {}],
  ])('%j leaves %j', (settings, after) => {
    expect(apply([{ action: 'delete', ...settings }], before)).toEqual(after);
  });
});

describe('a copy followed by the delete of its source', () => {
  const renamed = (action: string, before: Json): Json =>
    apply(
      [
        { key: 'new', from_attribute: 'old', action },
        { key: 'old', action: 'delete' },
      ],
      before,
    );

  it.each([
    ['insert', { old: double(2), x: bool(true) }, { new: double(2), x: bool(true) }],
    ['insert', { old: int('1'), new: int('2') }, { new: int('2') }],
    ['insert', { new: int('2') }, { new: int('2') }],
    ['insert', {}, {}],
    ['upsert', { old: int('1'), x: bool(true) }, { new: int('1'), x: bool(true) }],
    ['upsert', { old: int('1'), new: int('2') }, { new: int('1') }],
    ['upsert', { new: int('2') }, { new: int('2') }],
    ['update', { old: int('1'), new: int('2') }, { new: int('1') }],
    ['update', { old: int('1') }, {}],
  ])('with %s on %j gives %j', (action, before, after) => {
    expect(renamed(action, before)).toEqual(after);
  });

  it.each([
    [
      ['old', 'x', 'old'],
      ['new', 'x'],
    ],
    [
      ['new', 'old', 'new'],
      ['new', 'new'],
    ],
    [['old', 'new', 'old'], ['new']],
  ])('with insert on the keys %j, repeated ones among them, leaves %j', (before, after) => {
    const attributes = before.map((key, index) => ({ key, value: int(String(index)) }));
    const batch = jsonBatch({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes }] }] }] });
    const action = compileActions(
      [
        { key: 'new', from_attribute: 'old', action: 'insert' },
        { key: 'old', action: 'delete' },
      ].map((block) => attributeActionSchema.parse(block)),
    );
    const [record] = batch.records();
    if (record?.kindOf !== 'log') throw new Error('no log record');
    action.apply(record.attributes, batch.meta);
    expect(record.attributes.keys()).toEqual(after);
  });

  it('to the same name deletes', () => {
    expect(
      apply(
        [
          { key: 'a', from_attribute: 'a', action: 'upsert' },
          { key: 'a', action: 'delete' },
        ],
        { a: int('1') },
      ),
    ).toEqual({});
  });

  it('keeps its default where the source is missing', () => {
    expect(
      apply(
        [
          { key: 'new', from_attribute: 'old', default_value: 0, action: 'insert' },
          { key: 'old', action: 'delete' },
        ],
        {},
      ),
    ).toEqual({ new: int('0') });
  });

  it('is no rename if the delete takes more', () => {
    expect(
      apply(
        [
          { key: 'new', from_attribute: 'old', action: 'insert' },
          { key: 'old', pattern: '^n', action: 'delete' },
        ],
        { old: int('1') },
      ),
    ).toEqual({});
  });

  it('leaves the actions around it as they are', () => {
    expect(
      apply(
        [
          { key: 'first', value: 1, action: 'insert' },
          { key: 'new', from_attribute: 'old', action: 'insert' },
          { key: 'old', action: 'delete' },
          { key: 'old', value: 'again', action: 'insert' },
        ],
        { old: int('1') },
      ),
    ).toEqual({ first: int('1'), new: int('1'), old: text('again') });
  });
});

describe('hash', () => {
  const sha256 = (...bytes: number[]) =>
    text(createHash('sha256').update(Uint8Array.from(bytes)).digest('hex'));

  it.each([
    ['a string', text('foo'), text('2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae')],
    ['an empty string', text(''), text('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')],
    ['true', bool(true), sha256(1)],
    ['false', bool(false), sha256(0)],
    ['an integer', int('24'), sha256(24, 0, 0, 0, 0, 0, 0, 0)],
    ['a large integer', int('-9223372036854775808'), sha256(0, 0, 0, 0, 0, 0, 0, 128)],
    ['a double', double(2.5), sha256(0, 0, 0, 0, 0, 0, 4, 64)],
    ['bytes', { bytesValue: 'AQI=' }, text('')],
    ['a list', { arrayValue: { values: [] } }, text('')],
    ['nothing', {}, text('')],
  ])('of %s', (_, before, after) => {
    expect(apply([{ key: 'a', action: 'hash' }], { a: before, b: text('kept') })).toEqual({
      a: after,
      b: text('kept'),
    });
  });

  it('of what is missing does nothing', () => {
    expect(apply([{ key: 'a', action: 'hash' }], {})).toEqual({});
  });

  it('of all keys that match, and twice where the key is named too', () => {
    const once = createHash('sha256').update('x').digest('hex');
    const twice = createHash('sha256').update(once).digest('hex');
    expect(
      apply([{ key: 'user.id', pattern: '^user\\.', action: 'hash' }], {
        'user.id': text('x'),
        'user.name': text('x'),
        other: text('x'),
      }),
    ).toEqual({ 'user.id': text(twice), 'user.name': text(once), other: text('x') });
  });
});

describe('extract', () => {
  const url = '^(?P<protocol>.*):\\/\\/(?P<domain>.*)\\/(?P<path>.*)(?:\\?|\\&)(?P<query>.*)';

  it('writes a string for each group and leaves the source', () => {
    const before = { url: text('http://example.com/path?a=1,b=2'), domain: int('1') };
    expect(apply([{ key: 'url', pattern: url, action: 'extract' }], before)).toEqual({
      url: before.url,
      protocol: text('http'),
      domain: text('example.com'),
      path: text('path'),
      query: text('a=1,b=2'),
    });
  });

  it('writes an empty string for a group that took no part', () => {
    expect(apply([{ key: 'a', pattern: '(?P<x>x)?(?P<y>y)', action: 'extract' }], { a: text('y') })).toEqual({
      a: text('y'),
      x: text(''),
      y: text('y'),
    });
  });

  it.each([
    ['no match', { url: text('no url') }],
    ['another type', { url: int('5') }],
    ['no attribute', { other: text('http://example.com/path?a=1') }],
  ])('does nothing with %s', (_, before) => {
    expect(apply([{ key: 'url', pattern: url, action: 'extract' }], before)).toEqual(before);
  });
});

describe('convert', () => {
  it.each([
    ['int', text('-42'), int('-42')],
    ['int', text('4.2'), text('4.2')],
    ['int', double(-1.9), int('-1')],
    ['int', bool(true), int('1')],
    ['int', int('7'), int('7')],
    ['int', { bytesValue: 'AQI=' }, { bytesValue: 'AQI=' }],
    ['double', text('1e3'), double(1000)],
    ['double', text('x'), text('x')],
    ['double', int('200'), double(200)],
    ['double', bool(false), double(0)],
    ['double', double(0.5), double(0.5)],
    ['double', text('nan'), double('NaN')],
    ['string', int('9007199254740993'), text('9007199254740993')],
    ['string', double(200), text('200')],
    ['string', bool(true), text('true')],
    ['string', text('x'), text('x')],
    ['string', {}, text('')],
    ['string', { arrayValue: { values: [int('1'), text('a')] } }, text('[1,"a"]')],
  ])('to %s of %j gives %j', (type, before, after) => {
    expect(apply([{ key: 'a', action: 'convert', converted_type: type }], { a: before })).toEqual({
      a: after,
    });
  });

  it('of what is missing does nothing', () => {
    expect(apply([{ key: 'a', action: 'convert', converted_type: 'int' }], {})).toEqual({});
  });
});

import { describe, expect, test } from 'vitest';
import { Batch, NO_META, type Signal } from '../../src/index.ts';
import { attribute, fixed64, int, len } from './wire-builder.ts';

const RESOURCE = len(1, attribute(1, 'service.name', 'shop'));
const SCOPE = len(1, len(1, 'scope'));
const UNKNOWN = len(50, 'unknown');

function span(name: string): Buffer {
  return len(2, len(5, name));
}

function request(...names: readonly string[]): Buffer {
  return len(
    1,
    RESOURCE,
    len(2, SCOPE, ...names.map(span), len(3, 'scope schema')),
    len(3, 'schema'),
    UNKNOWN,
  );
}

function decode(bytes: Uint8Array, signal: Signal = 'traces'): Batch {
  return Batch.decode(signal, bytes, { transport: 'grpc' });
}

function names(batch: Batch): string[] {
  return [...batch.records()].map((record) => (record.kindOf === 'span' ? record.name : record.kindOf));
}

describe('merge', () => {
  test('puts the requests one after the other without copying them', () => {
    const large = request(...Array.from({ length: 1000 }, (_, index) => `a long name of a span ${index}`));
    const one = decode(Uint8Array.from(large));
    const other = decode(Uint8Array.from(large));
    const merged = Batch.merge([one, other]);
    expect(merged.toChunks()).toEqual([one.toBytes(), other.toBytes()]);
    expect(merged.toChunks().map((chunk) => chunk.buffer)).toEqual([
      one.toBytes().buffer,
      other.toBytes().buffer,
    ]);
    expect([merged.itemCount, merged.byteLength, merged.meta]).toEqual([2000, 2 * large.length, NO_META]);
  });

  test('takes edits with it and then goes its own way', () => {
    const one = decode(request('a', 'b'));
    const other = decode(request('c'));
    one.records()[0]!.drop();
    other.resources()[0]!.schemaUrl = 'edited';
    const merged = Batch.merge([one, other]);
    other.resources()[0]!.schemaUrl = 'later';
    merged.records()[0]!.drop();
    expect([names(merged), merged.itemCount, merged.resources().map((group) => group.schemaUrl)]).toEqual([
      ['c'],
      1,
      ['schema', 'edited'],
    ]);
    expect([names(one), names(other), other.resources()[0]!.schemaUrl]).toEqual([['b'], ['c'], 'later']);
    expect(names(Batch.decode('traces', merged.toBytes()))).toEqual(['c']);
  });

  test('of one batch is that batch without its meta', () => {
    const one = decode(request('a'));
    const merged = Batch.merge([one]);
    expect([merged.toBytes() === one.toBytes(), merged.meta, merged === one]).toEqual([true, {}, false]);
  });

  test('of what was merged and split is as good as any', () => {
    const parts = Batch.merge([decode(request('a', 'b')), decode(request('c'))]).split({ maxItems: 1 });
    const merged = Batch.merge([Batch.merge(parts), decode(request('d'))]);
    expect([merged.itemCount, names(merged)]).toEqual([4, ['a', 'b', 'c', 'd']]);
    expect(names(Batch.decode('traces', merged.toBytes()))).toEqual(['a', 'b', 'c', 'd']);
  });

  test.each([
    ['no batch', []],
    ['different signals', [decode(request('a')), Batch.decode('logs', new Uint8Array(0))]],
  ])('of %s is refused', (_, batches) => {
    expect(() => Batch.merge(batches)).toThrow(
      new TypeError('Batch.merge: batches must be of one signal, and at least one.'),
    );
  });
});

describe('fork', () => {
  test('of a batch that nobody edited gives the same array', () => {
    const batch = decode(request('a'));
    const fork = batch.fork();
    expect([fork.toBytes() === batch.toBytes(), fork.meta]).toEqual([true, { transport: 'grpc' }]);
    fork.records()[0]!.drop();
    expect([fork.itemCount, batch.itemCount]).toEqual([0, 1]);
  });
});

describe('split', () => {
  test('gives the batch itself where it is within the limits', () => {
    const batch = decode(request('a', 'b'));
    expect(batch.split({ maxItems: 2, maxBytes: batch.byteLength })).toEqual([batch]);
    expect(batch.split({})[0]).toBe(batch);
    expect(batch.split({ maxItems: 0, maxBytes: 0 })[0]).toBe(batch);
  });

  test('fills each part, and repeats what stands above the items', () => {
    const bytes = Buffer.concat([request('a', 'b', 'c'), request('d', 'e'), UNKNOWN]);
    const parts = decode(bytes).split({ maxItems: 2 });
    const above = (...inner: readonly Buffer[]) =>
      len(1, RESOURCE, len(3, 'schema'), UNKNOWN, len(2, SCOPE, len(3, 'scope schema'), ...inner));
    expect(parts.map((part) => part.toBytes())).toEqual(
      [
        Buffer.concat([UNKNOWN, above(span('a'), span('b'))]),
        Buffer.concat([UNKNOWN, above(span('c')), above(span('d'))]),
        Buffer.concat([UNKNOWN, above(span('e'))]),
      ].map((part) => new Uint8Array(part)),
    );
    expect(parts.map((part) => [part.itemCount, part.meta])).toEqual([
      [2, { transport: 'grpc' }],
      [2, { transport: 'grpc' }],
      [1, { transport: 'grpc' }],
    ]);
  });

  test('leaves groups that go whole into a part where they are', () => {
    const group = request(
      ...Array.from({ length: 100 }, (_, index) => `a long name of a span ${index}`.repeat(3)),
    );
    const bytes = new Uint8Array(Buffer.concat([group, group, group, group]));
    const parts = decode(bytes).split({ maxItems: 200 });
    expect(parts.map((part) => part.toChunks())).toEqual([
      [bytes.subarray(0, 2 * group.length)],
      [bytes.subarray(2 * group.length)],
    ]);
    for (const part of parts) expect(part.toChunks()[0]!.buffer).toBe(bytes.buffer);
  });

  test('keeps to the bytes, but for an item that is larger', () => {
    const batch = decode(request('a', 'b', 'x'.repeat(500), 'c'));
    const parts = batch.split({ maxBytes: 130 });
    expect(parts.map(names)).toEqual([['a', 'b'], ['x'.repeat(500)], ['c']]);
    for (const part of [parts[0]!, parts[2]!]) expect(part.byteLength).toBeLessThanOrEqual(130);
  });

  test('cuts between the data points of a metric and repeats its header', () => {
    const point = (time: bigint) => len(1, fixed64(3, time));
    const head = [len(1, 'requests'), len(3, '{request}')];
    const metric = (...points: readonly Buffer[]) =>
      len(1, RESOURCE, len(2, SCOPE, len(2, ...head, len(7, int(2, 2), int(3, 1), ...points))));
    const parts = decode(metric(point(1n), point(2n), point(3n)), 'metrics').split({ maxItems: 2 });
    expect(parts.map((part) => part.toBytes())).toEqual([
      new Uint8Array(metric(point(1n), point(2n))),
      new Uint8Array(metric(point(3n))),
    ]);
  });

  test('cuts data that came in pieces', () => {
    const point = (time: bigint) => len(1, fixed64(3, time));
    const metric = len(1, len(2, len(2, len(5, point(1n), point(2n)), len(1, 'name'), len(5, point(3n)))));
    const parts = decode(metric, 'metrics').split({ maxItems: 1 });
    const times = parts.map((part) =>
      part
        .records()
        .flatMap((record) => (record.kindOf === 'metric' ? record.dataPoints() : []))
        .map((each) => each.timeUnixNano),
    );
    expect(times).toEqual([[1n], [2n], [3n]]);
  });

  test('gives what was dropped or edited to no one, or as it is now', () => {
    const batch = decode(request('a', 'b', 'c', 'd'));
    const [first, second] = batch.records();
    first!.drop();
    if (second?.kindOf === 'span') second.name = 'edited';
    expect(batch.split({ maxItems: 2 }).map(names)).toEqual([['edited', 'c'], ['d']]);
  });
});

import { describe, expect, test } from 'vitest';
import { Batch, type Span } from '../../src/index.ts';
import { inPieces } from './pieces.ts';
import { attribute, int, len, spans } from './wire-builder.ts';

/** Spans of about two hundred bytes, named by their number. */
function request(count: number): Uint8Array {
  const bodies = Array.from({ length: count }, (_, index) =>
    Buffer.concat([len(5, `span ${index}`), attribute(9, 'a', 'x'.repeat(170)), attribute(9, 'b', 'y')]),
  );
  const resource = len(1, attribute(1, 'service.name', 'shop'));
  return new Uint8Array(len(1, resource, len(2, ...bodies.map((body) => len(2, body))), len(3, 'schema')));
}

function names(batch: Batch): string[] {
  return [...batch.records()].map((record) => (record.kindOf === 'span' ? record.name : record.kindOf));
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

/** How many bytes of the chunks lie in the memory of `source`: were not copied. */
function sharedBytes(chunks: readonly Uint8Array[], source: Uint8Array): number {
  return chunks
    .filter((chunk) => chunk.buffer === source.buffer)
    .reduce((sum, chunk) => sum + chunk.length, 0);
}

describe('a batch that nobody edits', () => {
  test('gives the very array that came in, also after it was read', () => {
    const bytes = request(3);
    const batch = Batch.decode('traces', bytes);
    expect(names(batch)).toEqual(['span 0', 'span 1', 'span 2']);
    for (const group of batch.resources()) group.resource.attributes.get('service.name');
    expect(batch.toBytes()).toBe(bytes);
    expect(batch.toChunks()[0]).toBe(bytes);
    expect(batch.toChunks()).toHaveLength(1);
    expect(batch.byteLength).toBe(bytes.length);
  });

  test('that came in pieces gives these pieces, and joins them for who reads it', () => {
    const bytes = request(100);
    const pieces = inPieces(bytes, 7000);
    const batch = Batch.decode('traces', pieces);
    expect([batch.itemCount, batch.byteLength]).toEqual([100, bytes.length]);
    expect(batch.toChunks()).toBe(pieces);
    expect(batch.fork().toChunks()).toBe(pieces);
    expect(names(batch)).toHaveLength(100);
    expect(joined([batch.toBytes()])).toEqual(bytes);
  });

  test('gives the very array also where pieces of a message had to be merged for reading', () => {
    const bytes = new Uint8Array(
      len(1, len(1, attribute(1, 'a', '1')), len(2, len(2, len(5, 'n'))), len(1, attribute(1, 'b', '2'))),
    );
    const batch = Batch.decode('traces', bytes);
    expect({ ...batch.resources()[0]!.resource.attributes.toObject() }).toEqual({ a: '1', b: '2' });
    expect(batch.toBytes()).toBe(bytes);
  });

  test('can lie anywhere in a larger memory', () => {
    const bytes = request(2);
    const memory = Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(9, 0xff)]);
    const batch = Batch.decode('traces', new Uint8Array(memory.buffer, memory.byteOffset + 7, bytes.length));
    expect([batch.itemCount, names(batch)]).toEqual([2, ['span 0', 'span 1']]);
    batch.resources()[0]!.schemaUrl = 'other';
    expect(Batch.decode('traces', batch.toBytes()).resources()[0]!.schemaUrl).toBe('other');
  });

  test('without a byte is empty', () => {
    const batch = Batch.decode('metrics', new Uint8Array(0));
    expect([
      batch.isEmpty,
      batch.itemCount,
      batch.byteLength,
      batch.resources(),
      [...batch.records()],
    ]).toEqual([true, 0, 0, [], []]);
  });
});

describe('an edited batch', () => {
  test('leaves the bytes that came in as they were', () => {
    const bytes = request(3);
    const before = Uint8Array.from(bytes);
    const batch = Batch.decode('traces', bytes);
    for (const record of batch.records()) if (record.kindOf === 'span') record.name = 'edited';
    expect(batch.toBytes()).not.toEqual(before);
    expect(bytes).toEqual(before);
  });

  test('gives the same array until it is edited again', () => {
    const batch = Batch.decode('traces', request(3));
    const { attributes } = batch.resources()[0]!.resource;
    attributes.set('k', 'v');
    const first = batch.toBytes();
    expect(batch.toBytes()).toBe(first);
    attributes.set('k', 'w');
    expect(batch.byteLength).toBe(first.length);
    expect(Batch.decode('traces', batch.toBytes()).resources()[0]!.resource.attributes.get('k')).toBe('w');
  });

  test('hands on what an edit of the resource leaves alone without copying it', () => {
    const bytes = request(1000);
    const batch = Batch.decode('traces', bytes);
    batch.resources()[0]!.resource.attributes.set('k8s.pod.ip', '10.0.0.1');
    const chunks = batch.toChunks();
    expect(chunks).toHaveLength(2);
    expect(sharedBytes(chunks, bytes)).toBeGreaterThan(bytes.length - 100);
    expect(joined(chunks)).toEqual(batch.toBytes());
  });

  test('joins small pieces into few chunks', () => {
    const bytes = request(1000);
    const batch = Batch.decode('traces', bytes);
    for (const record of batch.records()) if (record.kindOf === 'span') record.attributes.rename('b', 'c');
    const chunks = batch.toChunks();
    expect(chunks.length).toBeLessThan(10);
    expect(joined(chunks)).toEqual(batch.toBytes());
    expect(batch.byteLength).toBe(batch.toBytes().length);
  });

  test('is a request like any other', () => {
    const batch = Batch.decode('traces', request(3));
    for (const record of batch.records())
      if (record.kindOf === 'span') record.attributes.set('grown', 'z'.repeat(200));
    const again = Batch.decode('traces', batch.toBytes());
    expect([again.itemCount, names(again)]).toEqual([3, ['span 0', 'span 1', 'span 2']]);
  });
});

describe('views', () => {
  test('of the same record see the same edits', () => {
    const batch = Batch.decode('traces', request(2));
    const [first] = batch.records();
    const [again] = batch.resources()[0]!.scopes()[0]!.records();
    if (first?.kindOf !== 'span' || again?.kindOf !== 'span') throw new Error('not spans');
    const { attributes } = again;
    first.name = 'new';
    first.attributes.set('a', 'short');
    first.statusMessage = 'late';
    expect([again.name, attributes.get('a'), again.statusMessage]).toEqual(['new', 'short', 'late']);
    first.name = 'newer';
    expect(again.name).toBe('newer');
  });

  test('of a dropped record can be read and edited, to no effect', () => {
    const batch = Batch.decode('traces', request(3));
    const [, second] = batch.records();
    if (second?.kindOf !== 'span') throw new Error('not a span');
    second.drop();
    const bytes = batch.toBytes();
    second.name = 'ghost';
    second.attributes.set('a', 'boo');
    second.drop();
    expect([second.name, second.attributes.get('a')]).toEqual(['ghost', 'boo']);
    expect([batch.itemCount, names(batch)]).toEqual([2, ['span 0', 'span 2']]);
    expect(batch.toBytes()).toEqual(bytes);
  });
});

describe('a batch that was encoded after many edits', () => {
  function encoded(): { batch: Batch; first: Span; bytes: Uint8Array } {
    const batch = Batch.decode('traces', request(100));
    const spansOf = batch.records() as readonly Span[];
    for (const span of spansOf) span.attributes.set('b', 'edited');
    return { batch, first: spansOf[0]!, bytes: batch.toBytes() };
  }

  test('is read and edited on from there', () => {
    const { batch, bytes } = encoded();
    expect([batch.itemCount, batch.byteLength, batch.toBytes() === bytes]).toEqual([100, bytes.length, true]);
    const [span] = batch.records() as readonly Span[];
    expect(span!.attributes.get('b')).toBe('edited');
    expect(batch.toBytes()).toBe(bytes);
    span!.drop();
    expect([batch.itemCount, Batch.decode('traces', batch.toBytes()).itemCount]).toEqual([99, 99]);
  });

  test('takes edits of views that are older', () => {
    const { batch, first, bytes } = encoded();
    first.name = 'late';
    expect(batch.toBytes()).not.toBe(bytes);
    expect([names(batch)[0], names(Batch.decode('traces', batch.toBytes()))[0]]).toEqual(['late', 'late']);
  });

  test('refuses edits of older views once there may be newer ones', () => {
    const { batch, first, bytes } = encoded();
    batch.records();
    expect(() => {
      first.name = 'lost';
    }).toThrow(
      new TypeError(
        'Batch: a view was edited that is older than the last encoding of the batch, which was opened again or edited ' +
          'since. Take views anew after toBytes, toChunks or editItemAttributes.',
      ),
    );
    expect(batch.toBytes()).toBe(bytes);
  });

  test('gives the same in one piece and in several, in either order', () => {
    const { batch, bytes } = encoded();
    expect(batch.toChunks()).toEqual([bytes]);
    const other = Batch.decode('traces', request(100));
    for (const span of other.records() as readonly Span[]) span.attributes.set('b', 'edited');
    expect(other.toChunks().length).toBeGreaterThan(1);
    expect([other.byteLength, other.itemCount, other.fork().toBytes()]).toEqual([bytes.length, 100, bytes]);
    expect(other.toBytes()).toEqual(bytes);
  });

  test('is forked, merged and split as it is', () => {
    const { batch } = encoded();
    const fork = batch.fork();
    fork.records()[0]!.drop();
    const merged = Batch.merge([batch, fork]);
    expect([batch.itemCount, fork.itemCount, merged.itemCount]).toEqual([100, 99, 199]);
    expect(batch.split({ maxItems: 60 }).map((part) => part.itemCount)).toEqual([60, 40]);
  });
});

describe('dropping', () => {
  test('every record leaves the resource and the scope', () => {
    const batch = Batch.decode('traces', request(2));
    for (const record of batch.records()) record.drop();
    expect([batch.isEmpty, batch.resources().length, batch.resources()[0]!.scopes().length]).toEqual([
      true,
      1,
      1,
    ]);
    expect(Batch.decode('traces', batch.toBytes()).itemCount).toBe(0);
  });

  test('a group takes its records, and dropping one of these again counts nothing twice', () => {
    const batch = Batch.merge([Batch.decode('traces', request(2)), Batch.decode('traces', request(3))]);
    const [record] = batch.records();
    batch.resources()[0]!.drop();
    record!.drop();
    expect([batch.itemCount, batch.resources().length]).toEqual([3, 1]);
  });

  test('a scope takes its records', () => {
    const batch = Batch.decode('traces', request(2));
    batch.resources()[0]!.scopes()[0]!.drop();
    expect([batch.itemCount, batch.resources()[0]!.scopes()]).toEqual([0, []]);
    const expected = len(1, len(1, attribute(1, 'service.name', 'shop')), len(3, 'schema'));
    expect(batch.toBytes()).toEqual(new Uint8Array(expected));
  });
});

describe('trusted bytes', () => {
  test('are counted when that is asked for', () => {
    expect(Batch.trusted('traces', request(7)).itemCount).toBe(7);
  });

  test('of metrics are counted by data points', () => {
    const gauge = len(5, len(1, int(8, 1)), len(1, int(8, 1)));
    const summary = len(11, len(1, int(8, 1)));
    const bytes = len(1, len(2, len(2, gauge), len(2, summary), len(2, len(1, 'empty'))));
    expect(Batch.trusted('metrics', bytes).itemCount).toBe(3);
    expect(Batch.decode('metrics', bytes).itemCount).toBe(3);
  });
});

test('a field that no one knows is kept where a message is edited', () => {
  const bytes = spans(Buffer.concat([len(77, 'kept'), len(5, 'old'), len(78, 'kept too')]));
  const batch = Batch.decode('traces', bytes);
  for (const record of batch.records()) if (record.kindOf === 'span') record.name = 'new';
  const expected = spans(Buffer.concat([len(77, 'kept'), len(5, 'new'), len(78, 'kept too')]));
  expect(batch.toBytes()).toEqual(new Uint8Array(expected));
});

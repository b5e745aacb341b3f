import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { numberedBatch, numbersOf } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { compressRequest, type RequestCompression } from '../../src/net/compress-request.ts';
import { type CompressionType, compress, decompress } from '../../src/net/compression.ts';
import { Batch } from '../../src/otlp/batch.ts';

const MIB = 1024 * 1024;
const CODERS = {
  gzip: { code: (bytes: Uint8Array) => gzipSync(bytes, { level: 1 }), decode: gunzipSync },
  zstd: { code: (bytes: Uint8Array) => zstdCompressSync(bytes), decode: zstdDecompressSync },
} as const;
const TYPES = ['gzip', 'zstd'] as const;

const compression = (type: CompressionType, concatenates = true): RequestCompression => ({
  type,
  level: undefined,
  concatenates,
});

/** Items that are as many as make a request larger than what is copied together. */
const numbers = (first: number, count = 200) => Array.from({ length: count }, (_, index) => first + index);

/** A batch as a receiver makes it of a compressed request, and that request. */
async function received(type: 'gzip' | 'zstd', first: number, count = 200, limit = MIB) {
  const came = CODERS[type].code(numberedBatch('logs', numbers(first, count)).toBytes());
  return { came, batch: Batch.decode('logs', await decompress(type, came, limit)) };
}

async function sent(by: RequestCompression, batch: Batch): Promise<readonly Uint8Array[]> {
  return compressRequest(by, batch.toChunks());
}

/** The numbers of the items that somebody finds who decompresses the pieces as one body. */
async function numbersIn(type: CompressionType, pieces: readonly Uint8Array[]): Promise<readonly number[]> {
  return numbersOf(Batch.decode('logs', await decompress(type, Buffer.concat(pieces), MIB)));
}

describe.each(TYPES)('several requests that came as %s and were put together', (type) => {
  it('go one after the other in the forms in which they came', async () => {
    const [a, b] = [await received(type, 0), await received(type, 1000)];
    const pieces = await sent(compression(type), Batch.merge([a.batch, b.batch]));
    expect(pieces.map((piece, at) => piece === [a.came, b.came][at])).toEqual([true, true]);
    expect(await numbersIn(type, pieces)).toEqual([...numbers(0), ...numbers(1000)]);
  });

  it('are compressed as one where that is not wanted', async () => {
    const [a, b] = [await received(type, 0), await received(type, 1000)];
    const pieces = await sent(compression(type, false), Batch.merge([a.batch, b.batch]));
    expect(pieces.length).toBe(1);
    const content = CODERS[type].decode(pieces[0]!);
    expect(numbersOf(Batch.decode('logs', content))).toEqual([...numbers(0), ...numbers(1000)]);
  });

  it('go as they came but for the one that was changed', async () => {
    const parts = [await received(type, 0), await received(type, 1000), await received(type, 2000)];
    parts[1]!.batch.editItemAttributes((attributes) => attributes.set('test.number', 7));
    const pieces = await sent(compression(type), Batch.merge(parts.map(({ batch }) => batch)));
    expect(pieces.map((piece) => parts.findIndex(({ came }) => came === piece))).toEqual([0, -1, 2]);
    const changed = numbers(0).map(() => 7);
    expect(await numbersIn(type, pieces)).toEqual([...numbers(0), ...changed, ...numbers(2000)]);
  });

  it('go as they came with small ones together in between', async () => {
    const parts = [
      await received(type, 0),
      await received(type, 1000, 3),
      await received(type, 2000, 3),
      await received(type, 3000),
    ];
    const pieces = await sent(compression(type), Batch.merge(parts.map(({ batch }) => batch)));
    expect(pieces.map((piece) => parts.findIndex(({ came }) => came === piece))).toEqual([0, -1, 3]);
    expect(await numbersIn(type, pieces)).toEqual(
      [numbers(0), numbers(1000, 3), numbers(2000, 3), numbers(3000)].flat(),
    );
  });

  it('are compressed anew in the other compression', async () => {
    const other = type === 'gzip' ? 'zstd' : 'gzip';
    const [a, b] = [await received(type, 0), await received(type, 1000)];
    const pieces = await sent(compression(other), Batch.merge([a.batch, b.batch]));
    expect(pieces.length).toBe(1);
    expect(await numbersIn(other, pieces)).toEqual([...numbers(0), ...numbers(1000)]);
  });

  it('are taken apart by whoever decompresses them in the pool', async () => {
    const large = numberedBatch('logs', numbers(0, 60_000)).toBytes();
    const came = CODERS[type].code(large);
    const batch = Batch.decode('logs', await decompress(type, came, 16 * MIB));
    const pieces = await sent(compression(type), Batch.merge([batch, batch]));
    expect(pieces.map((piece) => piece === came)).toEqual([true, true]);
    const back = await decompress(type, Buffer.concat(pieces), 16 * MIB);
    expect(Buffer.compare(back, Buffer.concat([large, large]))).toBe(0);
  });
});

describe('a request that came in several parts', () => {
  const parts = [0, 1000, 2000].map((first) => numberedBatch('logs', numbers(first)).toBytes());

  it.each(TYPES)('goes as it came where that is wanted, as %s', async (type) => {
    const came = Buffer.concat(parts.map((part) => CODERS[type].code(part)));
    const batch = Batch.decode('logs', await decompress(type, came, MIB));
    expect((await sent(compression(type), batch))[0] === came).toBe(true);
    const [one] = await sent(compression(type, false), batch);
    expect(Buffer.compare(CODERS[type].decode(one!), Buffer.concat(parts))).toBe(0);
  });

  it('keeps the zstd frames of what nobody changed, and what was not the beginning of the others', async () => {
    const frames = parts.map((part) => zstdCompressSync(part));
    const batch = Batch.decode('logs', await decompress('zstd', Buffer.concat(frames), MIB));
    batch.resources()[1]!.resource.attributes.set('deployment.environment.name', 'test');
    const pieces = await sent(compression('zstd'), batch);
    expect([pieces.length, pieces[0], pieces[3]]).toEqual([4, frames[0], frames[2]]);
    expect(Buffer.compare(pieces[2]!.subarray(-50), frames[1]!.subarray(-50))).toBe(0);
    const back = Batch.decode('logs', await decompress('zstd', Buffer.concat(pieces), MIB));
    const found = back
      .resources()
      .map(({ resource }) => resource.attributes.get('deployment.environment.name'));
    expect(found).toEqual([undefined, 'test', undefined]);
    expect(numbersOf(back)).toEqual([...numbers(0), ...numbers(1000), ...numbers(2000)]);
  });

  it('keeps nothing of a zstd frame that nobody needs to take', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
    const came = Buffer.concat([skippable, zstdCompressSync(parts[0]!)]);
    const batch = Batch.decode('logs', await decompress('zstd', came, MIB));
    const pieces = await sent(compression('zstd'), batch);
    expect(Buffer.compare(pieces[0]!, came)).not.toBe(0);
    expect(await numbersIn('zstd', pieces)).toEqual(numbers(0));
  });
});

describe.each(TYPES)('a request to whose resource attributes were added, as %s', (type) => {
  /** The blocks of a form, without what a member or frame begins and ends with. */
  const blocks = (form: Uint8Array) =>
    Buffer.from(type === 'gzip' ? form.subarray(10, -8) : form.subarray(-50));

  it('keeps its form behind them', async () => {
    const { came, batch } = await received(type, 0);
    for (const group of batch.resources())
      group.resource.attributes.set('deployment.environment.name', 'test');
    const form = Buffer.concat(await sent(compression(type, false), batch));
    expect(form.includes(blocks(came))).toBe(true);
    const back = Batch.decode('logs', CODERS[type].decode(form));
    expect(back.resources().map(({ resource }) => resource.attributes.toObject())).toEqual([
      { 'deployment.environment.name': 'test', 'service.name': 'testkit' },
    ]);
    expect(numbersOf(back)).toEqual(numbers(0));
    const plain = Batch.decode('logs', Batch.merge([batch]).toBytes());
    expect(JSON.parse(back.toJson()).resourceLogs[0].scopeLogs).toEqual(
      JSON.parse(plain.toJson()).resourceLogs[0].scopeLogs,
    );
    expect(Object.keys(JSON.parse(back.toJson()).resourceLogs[0].resource)).toEqual(['attributes']);
  });

  it('keeps it on every one of several hops', async () => {
    const { came } = await received(type, 0);
    let form: Uint8Array = came;
    for (let hop = 0; hop < 5; hop++) {
      const batch = Batch.decode('logs', await decompress(type, form, MIB));
      batch.resources()[0]!.resource.attributes.set(`test.hop.${hop}`, hop);
      form = Buffer.concat(await sent(compression(type, false), batch));
    }
    expect(Buffer.from(form).includes(blocks(came))).toBe(true);
    expect(form.length).toBeLessThan(came.length + 5 * 80);
    const back = Batch.decode('logs', await decompress(type, form, MIB));
    const all = { 'test.hop.4': 4, 'test.hop.3': 3, 'test.hop.2': 2, 'test.hop.1': 1, 'test.hop.0': 0 };
    expect(back.resources()[0]!.resource.attributes.toObject()).toEqual({
      ...all,
      'service.name': 'testkit',
    });
    expect(numbersOf(back)).toEqual(numbers(0));
  });

  it('keeps it between those that were put together with it', async () => {
    const [a, b] = [await received(type, 0), await received(type, 1000)];
    b.batch.resources()[0]!.resource.attributes.set('deployment.environment.name', 'test');
    const pieces = await sent(compression(type), Batch.merge([a.batch, b.batch, a.batch]));
    expect([pieces[0] === a.came, pieces.at(-1) === a.came]).toEqual([true, true]);
    expect(Buffer.concat(pieces.slice(1, -1)).includes(blocks(b.came))).toBe(true);
    expect(await numbersIn(type, pieces)).toEqual([...numbers(0), ...numbers(1000), ...numbers(0)]);
  });

  it.each<[string, (batch: Batch) => void]>([
    [
      'a value was changed',
      (batch) => batch.resources()[0]!.resource.attributes.set('service.name', 'other'),
    ],
    ['one was taken away', (batch) => batch.resources()[0]!.resource.attributes.delete('service.name')],
    [
      'one was added and another changed',
      (batch) => {
        batch.resources()[0]!.resource.attributes.set('deployment.environment.name', 'test');
        batch.resources()[0]!.resource.attributes.set('service.name', 'other');
      },
    ],
    [
      'the resource has something else as well',
      (batch) => {
        batch.resources()[0]!.resource.attributes.set('deployment.environment.name', 'test');
        batch.resources()[0]!.schemaUrl = 'https://opentelemetry.io/schemas/1.37.0';
      },
    ],
  ])('is compressed anew where %s', async (_name, edit) => {
    const { came, batch } = await received(type, 0);
    edit(batch);
    const pieces = await sent(compression(type, false), batch);
    expect(pieces.length).toBe(1);
    expect(Buffer.from(pieces[0]!).includes(blocks(came))).toBe(false);
    const back = Batch.decode('logs', CODERS[type].decode(pieces[0]!));
    expect(Buffer.compare(back.toBytes(), batch.toBytes())).toBe(0);
  });
});

it('a compression that has no members or frames makes one of a batch that was put together', async () => {
  const [a, b] = [await received('gzip', 0), await received('gzip', 1000)];
  const pieces = await sent(compression('snappy'), Batch.merge([a.batch, b.batch]));
  expect(pieces.length).toBe(1);
  expect(await numbersIn('snappy', pieces)).toEqual([...numbers(0), ...numbers(1000)]);
});

it('a batch that nobody changed goes as it came, whether it may be concatenated or not', async () => {
  const { came, batch } = await received('zstd', 0);
  for (const concatenates of [true, false]) {
    expect((await sent(compression('zstd', concatenates), batch))[0] === came).toBe(true);
  }
});

it('half of a batch is compressed anew', async () => {
  const { came, batch } = await received('gzip', 0);
  const halves = batch.split({ maxItems: 100 });
  const pieces = await Promise.all(halves.map((half) => sent(compression('gzip'), half)));
  expect(pieces.flat().some((piece) => piece === came)).toBe(false);
  expect(await numbersIn('gzip', pieces.flat())).toEqual(numbers(0));
});

it('what is large is compressed in the pool, between what goes as it came', async () => {
  const small = await received('gzip', 0);
  const plain = numberedBatch('logs', numbers(0, 60_000));
  const pieces = compressRequest(
    compression('gzip'),
    Batch.merge([small.batch, plain, small.batch]).toChunks(),
  );
  expect(pieces).toBeInstanceOf(Promise);
  const done = await pieces;
  expect(done.map((piece) => piece === small.came)).toEqual([true, false, true]);
  const content = await decompress('gzip', Buffer.concat(done), 16 * MIB);
  expect(Batch.decode('logs', content).itemCount).toBe(60_400);
});

it('nothing is compressed of a request that is empty', async () => {
  const pieces = await compressRequest(compression('gzip'), [new Uint8Array(0)]);
  expect(await decompress('gzip', Buffer.concat(pieces), MIB)).toEqual(Buffer.alloc(0));
  expect(await compress('gzip', undefined, [])).toEqual(pieces[0]);
});

describe.each(TYPES)('a request of many pieces, as %s', (type) => {
  const content = Buffer.from('hello, world; '.repeat(400));

  it('is compressed in the pool where in place it would be more than of one piece', async () => {
    const pieces = async (count: number) => {
      const changed = Buffer.alloc(200 * 1024, 'changed; ');
      const kept = await decompress(type, CODERS[type].code(content), MIB);
      return Array.from({ length: count }, () => [kept, changed]).flat();
    };
    expect(compressRequest(compression(type), await pieces(1))).toBeInstanceOf(Array);
    const many = await pieces(12);
    const sending = compressRequest(compression(type), many);
    expect(sending).toBeInstanceOf(Promise);
    const back = await decompress(type, Buffer.concat(await sending), 4 * MIB);
    expect(Buffer.compare(back, Buffer.concat(many))).toBe(0);
  });

  it('has no more members or frames than are read', async () => {
    const one = await decompress(type, CODERS[type].code(content), MIB);
    const frames = Buffer.concat(Array.from({ length: 600 }, () => CODERS[type].code(content)));
    const several = await decompress(type, frames, 8 * MIB);
    for (const chunks of [Array.from({ length: 1100 }, () => one), [several, several]]) {
      const pieces = await compressRequest(compression(type), chunks);
      const back = await decompress(type, Buffer.concat(pieces), 8 * MIB);
      expect(Buffer.compare(back, Buffer.concat(chunks))).toBe(0);
    }
  });
});

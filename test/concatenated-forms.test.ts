/**
 * Who reads several gzip members, or zstd frames, as one request: what the defaults of
 * `compression_params::concatenate` rest on. A Go Collector, and what OTLP servers in Java, Python and Node are made
 * of, take a batch that was put together of three, and one whose form attributes were put in front of.
 */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Batch, compressRequest, decompress } from '@tributary/core';
import { otlpGrpcExporter, otlpHttpExporter } from '@tributary/exporter-otlp';
import { nopHost, numberedBatch, testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { type DecoderServer, FETCH_TIMEOUT_MS, SERVERS } from './decoders/servers.ts';

const CODERS = { gzip: gzipSync, zstd: zstdCompressSync } as const;
type Compression = keyof typeof CODERS;
type Transport = 'http' | 'grpc';

/** How many records there are in a request and in the three together. */
const ONE = 200;
const ALL = 600;

/** What becomes of a request: all of its records are found, only those of its first part, or it is refused. */
type Outcome = 'taken' | 'first part taken, rest lost' | 'refused';

const READERS: Readonly<
  Record<keyof typeof SERVERS, Readonly<Partial<Record<`${Transport} ${Compression}`, Outcome>>>>
> = {
  Go: { 'http gzip': 'taken', 'http zstd': 'taken', 'grpc gzip': 'taken', 'grpc zstd': 'taken' },
  Java: { 'http gzip': 'taken', 'http zstd': 'taken', 'grpc gzip': 'taken', 'grpc zstd': 'taken' },
  Python: {
    'http gzip': 'taken',
    'http zstd': 'first part taken, rest lost',
    'grpc gzip': 'refused',
  },
  Node: { 'http gzip': 'taken', 'http zstd': 'first part taken, rest lost', 'grpc gzip': 'taken' },
};

/** A batch that was put together of three that came compressed. */
async function mergedBatch(compression: Compression): Promise<Batch> {
  const batches = [0, 1, 2].map(async (part) => {
    const numbers = Array.from({ length: ONE }, (_, index) => part * ONE + index);
    const came = CODERS[compression](numberedBatch('logs', numbers).toBytes());
    return Batch.decode('logs', await decompress(compression, came, 1024 * 1024));
  });
  return Batch.merge(await Promise.all(batches));
}

/** One to whose resource an attribute was added, so that its form has something in front. */
async function editedBatch(compression: Compression): Promise<Batch> {
  const numbers = Array.from({ length: ALL }, (_, index) => index);
  const came = CODERS[compression](numberedBatch('logs', numbers).toBytes());
  const batch = Batch.decode('logs', await decompress(compression, came, 1024 * 1024));
  for (const group of batch.resources()) group.resource.attributes.set('deployment.environment.name', 'test');
  const pieces = await compressRequest(
    { type: compression, level: undefined, concatenates: false },
    batch.toChunks(),
  );
  expect(Buffer.concat(pieces).subarray(-58, -8).equals(came.subarray(-58, -8))).toBe(true);
  return batch;
}

async function send(
  { httpPort, grpcPort, records }: DecoderServer,
  transport: Transport,
  compression: Compression,
  batch: Batch,
): Promise<Outcome> {
  const [factory, endpoint] =
    transport === 'http'
      ? [otlpHttpExporter, `http://127.0.0.1:${httpPort}`]
      : [otlpGrpcExporter, `127.0.0.1:${grpcPort}`];
  const exporter = factory.create(
    testSettings({ kind: 'exporter', id: factory.type }),
    factory.configSchema.parse({
      endpoint,
      compression,
      compression_params: { concatenate: true },
      tls: { insecure: true },
      sending_queue: { enabled: false },
      retry_on_failure: { enabled: false },
    }) as never,
  );
  await exporter.start?.(nopHost());
  try {
    await exporter.consume(batch);
  } catch {
    return 'refused';
  } finally {
    await exporter.shutdown?.();
  }
  const found = await records();
  expect([ONE, ALL]).toContain(found);
  return found === ALL ? 'taken' : 'first part taken, rest lost';
}

it.for(Object.keys(SERVERS) as (keyof typeof SERVERS)[])(
  'what %s makes of several gzip members and zstd frames is known, and it takes a form with attributes in front',
  { timeout: FETCH_TIMEOUT_MS },
  async (language, context) => {
    const started = await SERVERS[language]();
    if ('reason' in started) {
      context.skip(started.reason);
      return;
    }
    const { server } = started;
    try {
      const found: Record<string, Outcome> = {};
      for (const what of Object.keys(READERS[language])) {
        const [transport, compression] = what.split(' ') as [Transport, Compression];
        found[what] = await send(server, transport, compression, await mergedBatch(compression));
        const edited = await send(server, transport, compression, await editedBatch(compression));
        expect([what, edited]).toEqual([what, 'taken']);
      }
      expect(found).toEqual(READERS[language]);
    } finally {
      await server.stop();
    }
  },
);

it('only what all of them take is concatenated unless somebody asks for it', () => {
  const everywhere = (what: `${Transport} ${Compression}`) =>
    Object.values(READERS).every((outcomes) => (outcomes[what] ?? 'taken') === 'taken');
  expect({
    http: everywhere('http gzip'),
    'http zstd': everywhere('http zstd'),
    grpc: everywhere('grpc gzip'),
  }).toEqual({ http: true, 'http zstd': false, grpc: false });
});

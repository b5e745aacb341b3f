/**
 * What (de)compressing a request costs: CPU time a call (every thread of the process). `node bench/compression.ts`.
 *
 * In place by engines that are kept (`kept`, packages/core/src/net/zlib-in-place.ts), in place by a call of zlib's that
 * makes one (`made`), and in libuv's pool (`pool`): the bounds in packages/core/src/net/compression.ts and
 * zlib-decompress.ts follow from it. Below, requests of spans with an attribute added to their resource, compressed
 * anew and with that put in front of the form that came (`spliced`).
 */
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { Batch, compress, compressRequest, decompress } from '@tributary/core';
import { compressInPlace, decompressInPlace, OutputBlock } from '../packages/core/src/net/zlib-in-place.ts';
import { requestBytes } from './src/payload.ts';

const SPANS = [10, 100, 1000, 2000];
const IN_FLIGHT = 8;
const ROUNDS = 5;
const ROUND_BYTES = 8 * 1024 * 1024;
const LIMIT_BYTES = 64 * 1024 * 1024;

type Work = () => unknown;

/** The ways to do one thing, by name. */
type Ways = Readonly<Record<string, Work>>;

function waysOf(raw: Uint8Array): Readonly<Record<string, Ways>> {
  const gzip = zlib.gzipSync(raw);
  const zstd = zlib.zstdCompressSync(raw);
  const whole = { chunkSize: raw.length + 1 };
  const quarter = { chunkSize: Math.max(16_384, raw.length >> 2) };
  const level = (value: number) => ({ params: { [zlib.constants.ZSTD_c_compressionLevel]: value } });
  return {
    gunzip: {
      kept: () => decompressInPlace('gunzip', gzip, new OutputBlock(whole.chunkSize), LIMIT_BYTES),
      made: () => zlib.gunzipSync(gzip, whole),
      pool: () => promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip)(gzip, whole),
    },
    unzstd: {
      kept: () => decompressInPlace('unzstd', zstd, new OutputBlock(whole.chunkSize), LIMIT_BYTES),
      made: () => zlib.zstdDecompressSync(zstd, whole),
      pool: () => promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)(zstd, whole),
    },
    'gzip 6': {
      kept: () => compressInPlace('gzip', 6, raw),
      made: () => zlib.gzipSync(raw, quarter),
      pool: () => new Promise((resolve) => zlib.gzip(raw, quarter, resolve)),
    },
    'zstd 3': {
      kept: () => compressInPlace('zstd', 3, raw),
      made: () => zlib.zstdCompressSync(raw, { ...quarter, ...level(3) }),
      pool: () => new Promise((resolve) => zlib.zstdCompress(raw, { ...quarter, ...level(3) }, resolve)),
    },
    'zstd 1': {
      kept: () => compressInPlace('zstd', 1, raw),
      made: () => zlib.zstdCompressSync(raw, { ...quarter, ...level(1) }),
      pool: () => new Promise((resolve) => zlib.zstdCompress(raw, { ...quarter, ...level(1) }, resolve)),
    },
  };
}

/** A request of one resource with an attribute added to that. */
async function splicesOf(type: 'gzip' | 'zstd', raw: Uint8Array): Promise<Ways> {
  const came = type === 'gzip' ? zlib.gzipSync(raw) : zlib.zstdCompressSync(raw);
  const batch = Batch.decode('traces', await decompress(type, came, LIMIT_BYTES));
  for (const group of batch.resources()) {
    group.resource.attributes.set('deployment.environment.name', 'production');
  }
  const chunks = batch.toChunks();
  return {
    anew: () => compress(type, undefined, chunks),
    spliced: () => compressRequest({ type, level: undefined, concatenates: false }, chunks),
  };
}

/** CPU microseconds of one call. */
async function cpuMicros(work: Work, calls: number): Promise<number> {
  const before = process.cpuUsage();
  let left = calls;
  const lane = async () => {
    while (left-- > 0) {
      const result = work();
      if (result instanceof Promise) await result;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

async function report(name: string, ways: Ways, bytes: number): Promise<void> {
  const calls = Math.min(1000, Math.max(8, Math.floor(ROUND_BYTES / bytes)));
  const times = new Map<string, number[]>(Object.keys(ways).map((way) => [way, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [way, work] of Object.entries(ways)) {
      const micros = await cpuMicros(work, calls);
      if (round > 0) times.get(way)?.push(micros);
    }
  }
  const columns = [...times].map(([way, micros]) => `${way} ${median(micros).toFixed(0).padStart(6)} µs`);
  console.log(`${name.padEnd(20)} ${columns.join('   ')}`);
}

for (const spans of SPANS) {
  const raw = requestBytes('traces', spans);
  for (const [name, ways] of Object.entries(waysOf(raw)))
    await report(`${spans} spans, ${name}`, ways, raw.length);
}
for (const type of ['gzip', 'zstd'] as const) {
  const raw = requestBytes('traces', 100);
  await report(`100 spans, ${type}`, await splicesOf(type, raw), raw.length);
}

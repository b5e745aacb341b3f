/**
 * Where (de)compression is cheaper in place than in libuv's pool: CPU time a call (every thread of the process), for
 * requests of several sizes. `node bench/compression.ts`. The bounds in packages/core/src/net/compression.ts and
 * zlib-decompress.ts follow from it. Microseconds in place / in the pool, 8 calls under way, median of 5 rounds, two cores
 * of an AMD EPYC with other work on them, Node 24.21, 2026-11-22:
 *
 *              4 KiB     16 KiB     64 KiB     256 KiB        1 MiB          4 MiB
 *     gunzip  23 / 77    28 / 61    88 / 129   350 / 414   1403 / 1745    5508 / 5468
 *     unzstd  37 / 141   41 / 110   76 / 117   201 / 268    681 / 1033    1898 / 2788
 *     gzip    54 / 111  147 / 254  671 / 678  2832 / 2575  8373 / 10609  33357 / 39345
 *     zstd    55 / 579   86 / 705 219 / 1206   988 / 1904  4270 / 5370   20310 / 28931
 */
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const SIZES = [4, 16, 64, 256, 1024, 4096].map((kib) => kib * 1024);
const IN_FLIGHT = 8;
const ROUNDS = 5;
const ROUND_BYTES = 24 * 1024 * 1024;

/** Half of it looks like attributes that repeat, half like ids: what spans compress to, about a quarter. */
function payload(size: number): Buffer {
  const names = [
    'http.request.method=GET',
    'url.path=/api/v1/items',
    'k8s.pod.name=checkout-7d9f',
    'server.port=8080',
  ];
  const pieces: string[] = [];
  for (let length = 0, index = 0; length < size; index++) {
    const id = Math.random().toString(36).slice(2);
    const piece = `${names[index % names.length]}${names[(index * 7) % names.length]}${id}`;
    pieces.push(piece);
    length += piece.length;
  }
  return Buffer.from(pieces.join('')).subarray(0, size);
}

type Work = (bytes: Buffer, options: object) => unknown;

interface Codec {
  readonly name: string;
  readonly inPlace: Work;
  readonly pool: Work;
  /** The input of a call for a payload, and the options that go with it. */
  prepare(raw: Buffer): { readonly input: Buffer; readonly options: object };
}

const whole = (raw: Buffer) => ({ chunkSize: Math.max(16384, raw.length + 1) });

const CODECS: readonly Codec[] = [
  {
    name: 'gunzip',
    inPlace: zlib.gunzipSync,
    pool: promisify(zlib.gunzip) as Work,
    prepare: (raw) => ({ input: zlib.gzipSync(raw), options: whole(raw) }),
  },
  {
    name: 'unzstd',
    inPlace: zlib.zstdDecompressSync,
    pool: promisify(zlib.zstdDecompress) as Work,
    prepare: (raw) => ({ input: zlib.zstdCompressSync(raw), options: whole(raw) }),
  },
  {
    name: 'gzip',
    inPlace: zlib.gzipSync,
    pool: promisify(zlib.gzip) as Work,
    prepare: (raw) => ({ input: raw, options: { chunkSize: Math.max(16384, raw.length >> 2) } }),
  },
  {
    name: 'zstd',
    inPlace: zlib.zstdCompressSync,
    pool: promisify(zlib.zstdCompress) as Work,
    prepare: (raw) => ({ input: raw, options: { chunkSize: Math.max(16384, raw.length >> 2) } }),
  },
];

/** CPU microseconds of one call. */
async function cpuMicros(
  work: Work,
  { input, options }: ReturnType<Codec['prepare']>,
  calls: number,
): Promise<number> {
  const before = process.cpuUsage();
  let left = calls;
  const lane = async () => {
    while (left-- > 0) {
      const result = work(input, options);
      if (result instanceof Promise) {
        await result;
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

for (const codec of CODECS) {
  for (const size of SIZES) {
    const prepared = codec.prepare(payload(size));
    const calls = Math.min(
      2000,
      Math.max(4, Math.floor(ROUND_BYTES / size / (codec.name === 'gzip' ? 8 : 1))),
    );
    const inPlace: number[] = [];
    const pool: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const a = await cpuMicros(codec.inPlace, prepared, calls);
      const b = await cpuMicros(codec.pool, prepared, calls);
      if (round > 0) {
        inPlace.push(a);
        pool.push(b);
      }
    }
    const columns = [median(inPlace), median(pool)].map((micros) => micros.toFixed(0).padStart(7));
    console.log(
      `${codec.name.padEnd(7)} ${String(size >> 10).padStart(5)} KiB  in place ${columns[0]} µs  pool ${columns[1]} µs`,
    );
  }
}

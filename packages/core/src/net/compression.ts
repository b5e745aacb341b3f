/**
 * The compressions of OTLP requests, over HTTP (`content-encoding`) and gRPC (`grpc-encoding`).
 *
 * What comes from outside is hostile: the output is bounded while it is made, a wrong checksum, a cut end and bytes
 * after the end are refused, and a claimed size is only ever a hint. Gzip members and zstd frames may follow one
 * another, as RFC 1952 and RFC 8878 have it.
 *
 * Small work is done in place and large work in libuv's pool. In place is cheaper at every size: the pool adds some 200
 * µs of CPU to a call that decompresses and up to 500 µs to one that compresses (zstd, whose contexts then live side by
 * side), more than a batch of a hundred spans takes altogether (bench/compression.ts). But a large one would keep the
 * event loop from everybody else.
 */
import zlib from 'node:zlib';
import { madeBuffers } from '../process/young-buffers.ts';
import { formOf, keepForm } from './compressed-form.ts';
import { invalid, tooLarge } from './compression-errors.ts';
import { lz4Compress, lz4Decompress } from './lz4/frame.ts';
import { snappyBlockSize, snappyCompress, snappyDecompress } from './snappy.ts';
import { snappyFrame, snappyUnframe } from './snappy-framed.ts';
import { decompressZstd, inflate, inPool } from './zlib-decompress.ts';
import { compressInPlace, deflateOptions, zstdOptions } from './zlib-in-place.ts';

/** The compressions that are read and written, by the Collector's names. */
export const COMPRESSION_TYPES = [
  'gzip',
  'zstd',
  'zlib',
  'deflate',
  'snappy',
  'x-snappy-framed',
  'lz4',
] as const;

/**
 * One of the compressions. `zlib` and `deflate` are two names of RFC 1950. `snappy` is written as a block and read as
 * a block or framed, as in the Collector; gRPC's `snappy` is framed. `lz4` is LZ4's frame format.
 */
export type CompressionType = (typeof COMPRESSION_TYPES)[number];

const DEFLATE_IN_PLACE_BYTES = 256 * 1024;
const ZSTD_IN_PLACE_BYTES = 1024 * 1024;
/** Up to this many bytes of one request are compressed in place: some 3 ms of work. Snappy and LZ4 have no other way. */
export const COMPRESS_IN_PLACE_BYTES: Readonly<Record<CompressionType, number>> = {
  gzip: DEFLATE_IN_PLACE_BYTES,
  zlib: DEFLATE_IN_PLACE_BYTES,
  deflate: DEFLATE_IN_PLACE_BYTES,
  zstd: ZSTD_IN_PLACE_BYTES,
  snappy: Number.POSITIVE_INFINITY,
  'x-snappy-framed': Number.POSITIVE_INFINITY,
  lz4: Number.POSITIVE_INFINITY,
};

/**
 * The default level of zstd, of which the library's is 3: on telemetry a quarter less work for one percent more bytes,
 * and as small as what the Collector's library makes by default (bench/compression.ts).
 */
const DEFAULT_ZSTD_LEVEL = 1;

/** Tells whether a name is that of a compression that `decompress` reads. */
export function isCompressionType(name: string): name is CompressionType {
  return (COMPRESSION_TYPES as readonly string[]).includes(name);
}

/**
 * Compresses pieces as one. `level` is that of the Collector's `compression_params` (gzip, zlib and deflate: -1 to 9;
 * zstd: 1 to 22); undefined is the default: of zstd 1, of the others 6. One piece that `decompress` has made of this
 * very type gives the bytes that it was made of, whatever their level (compressed-form.ts). What is larger than
 * `inPlaceBytes` gives a promise.
 */
export function compress(
  type: CompressionType,
  level: number | undefined,
  chunks: readonly Uint8Array[],
  inPlaceBytes: number = COMPRESS_IN_PLACE_BYTES[type],
): Uint8Array | Promise<Uint8Array> {
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  const asItCame = formOf(type, bytes);
  if (asItCame !== undefined) {
    return asItCame;
  }
  switch (type) {
    case 'gzip':
      return bytes.length <= inPlaceBytes
        ? compressInPlace('gzip', level, bytes)
        : inPool((done) => zlib.gzip(bytes, deflateOptions(level, bytes), done));
    case 'zlib':
    case 'deflate':
      return bytes.length <= inPlaceBytes
        ? compressInPlace('deflate', level, bytes)
        : inPool((done) => zlib.deflate(bytes, deflateOptions(level, bytes), done));
    case 'zstd':
      return bytes.length <= inPlaceBytes
        ? compressInPlace('zstd', level ?? DEFAULT_ZSTD_LEVEL, bytes)
        : inPool((done) => zlib.zstdCompress(bytes, zstdOptions(level ?? DEFAULT_ZSTD_LEVEL, bytes), done));
    case 'snappy':
      return snappyCompress(bytes);
    case 'x-snappy-framed':
      return snappyFrame(bytes);
    case 'lz4':
      return lz4Compress(bytes);
  }
}

/**
 * Decompresses one whole body. Throws (or rejects with) a `PermanentError`: `OTLP_TOO_LARGE` when the output would be
 * larger than `limit` bytes, `COMPRESSION_INVALID` when the input is not what `type` says. Large outputs give a
 * promise.
 */
export function decompress(
  type: CompressionType,
  bytes: Uint8Array,
  limit: number,
): Uint8Array | Promise<Uint8Array> {
  switch (type) {
    case 'gzip':
    case 'zlib':
    case 'deflate':
      return inflate(type, bytes, limit);
    case 'zstd':
      return decompressZstd(bytes, limit);
    case 'snappy':
    case 'x-snappy-framed':
      return withReason(type, () => decompressSnappy(type, bytes, limit));
    case 'lz4':
      return withReason(type, () => decompressLz4(bytes, limit));
  }
}

/** Runs a decoder that says by a RangeError what is wrong with its input, and counts what it made. */
function withReason(type: CompressionType, decode: () => Uint8Array): Uint8Array {
  try {
    const content = decode();
    madeBuffers(content.length);
    return content;
  } catch (error) {
    throw error instanceof RangeError ? invalid(type, error.message) : error;
  }
}

function decompressSnappy(type: CompressionType, bytes: Uint8Array, limit: number): Uint8Array {
  const framed = snappyUnframe(bytes, limit);
  if (framed !== undefined) {
    keepForm('x-snappy-framed', bytes, framed);
    return framed;
  }
  if (type === 'x-snappy-framed') {
    throw new RangeError('it does not begin with a stream identifier');
  }
  if (snappyBlockSize(bytes) > limit) {
    throw tooLarge(type, limit);
  }
  const content = snappyDecompress(bytes);
  keepForm('snappy', bytes, content);
  return content;
}

/** Several frames are not kept: not every decoder reads on after the first. */
function decompressLz4(bytes: Uint8Array, limit: number): Uint8Array {
  const { content, isOneFrame } = lz4Decompress(bytes, limit);
  if (isOneFrame) keepForm('lz4', bytes, content);
  return content;
}

/**
 * The compressions of OTLP requests, over HTTP (`content-encoding`) and gRPC (`grpc-encoding`).
 *
 * What comes from outside is hostile: the output is bounded while it is made, a wrong checksum, a cut end and bytes
 * after the end are refused, and a claimed size is only ever a hint. Gzip members and zstd frames may follow one
 * another, as RFC 1952 and RFC 8878 have it.
 *
 * Small work is done in place and large work in libuv's pool. In place is cheaper at every size: the pool adds from
 * 50 µs (gunzip) to 500 µs (zstd, whose contexts then live side by side) of CPU to a call, more than a batch of a hundred
 * spans takes altogether (bench/compression.ts). But a large one would keep the event loop from everybody else.
 */
import zlib from 'node:zlib';
import { PermanentError } from '../errors.ts';
import { invalid, tooLarge, trailingBytes } from './compression-errors.ts';
import { snappyBlockSize, snappyCompress, snappyDecompress, snappyFrame, snappyUnframe } from './snappy.ts';

/** The compressions that are read and written, by the Collector's names. */
export const COMPRESSION_TYPES = ['gzip', 'zstd', 'zlib', 'deflate', 'snappy', 'x-snappy-framed'] as const;

/**
 * One of the compressions. `zlib` and `deflate` are two names of RFC 1950. `snappy` is written as a block and read as
 * a block or framed, as in the Collector; gRPC's `snappy` is framed.
 */
export type CompressionType = (typeof COMPRESSION_TYPES)[number];

/** Up to this many bytes are compressed in place: some 3 ms of work. */
const DEFLATE_IN_PLACE_BYTES = 256 * 1024;
const ZSTD_IN_PLACE_BYTES = 1024 * 1024;
/** Up to this many bytes of output are decompressed in place: some 3 ms of work at most. */
const DECOMPRESS_IN_PLACE_BYTES = 2 * 1024 * 1024;
/** No output buffer is allocated in advance for more than this many times the input, whatever the input claims. */
const MAX_TRUSTED_RATIO = 64;
const MIN_CHUNK_BYTES = 16 * 1024;
/** A zstd frame that wants a larger window than 64 MiB is refused: the window is allocated before any output. */
const ZSTD_WINDOW_LOG_MAX = 26;
const ZSTD_DECOMPRESS_PARAMS = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };

/** Tells whether a name is that of a compression that `decompress` reads. */
export function isCompressionType(name: string): name is CompressionType {
  return (COMPRESSION_TYPES as readonly string[]).includes(name);
}

/**
 * Compresses pieces as one. `level` is that of the Collector's `compression_params` (gzip, zlib and deflate: -1 to 9;
 * zstd: 1 to 22); undefined is the library's default. Large inputs give a promise.
 */
export function compress(
  type: CompressionType,
  level: number | undefined,
  chunks: readonly Uint8Array[],
): Uint8Array | Promise<Uint8Array> {
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  const inPlace = bytes.length <= (type === 'zstd' ? ZSTD_IN_PLACE_BYTES : DEFLATE_IN_PLACE_BYTES);
  switch (type) {
    case 'gzip': {
      const options = level === undefined ? {} : { level };
      return inPlace ? zlib.gzipSync(bytes, options) : inPool((done) => zlib.gzip(bytes, options, done));
    }
    case 'zlib':
    case 'deflate': {
      const options = level === undefined ? {} : { level };
      return inPlace
        ? zlib.deflateSync(bytes, options)
        : inPool((done) => zlib.deflate(bytes, options, done));
    }
    case 'zstd': {
      const options =
        level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } };
      return inPlace
        ? zlib.zstdCompressSync(bytes, options)
        : inPool((done) => zlib.zstdCompress(bytes, options, done));
    }
    case 'snappy':
      return snappyCompress(bytes);
    case 'x-snappy-framed':
      return snappyFrame(bytes);
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
      return decompressSnappy(type, bytes, limit);
  }
}

function inflate(
  type: 'gzip' | 'zlib' | 'deflate',
  bytes: Uint8Array,
  limit: number,
): Uint8Array | Promise<Uint8Array> {
  // RFC 1952: a member ends with the size of its content modulo 2^32, little endian. Only a hint: it is not checked
  // before the whole content was made, and of several members it is the last one's.
  const claimed =
    type === 'gzip' && bytes.length >= 18 ? readUint32(bytes, bytes.length - 4) : bytes.length * 8;
  const [syncCall, poolCall] =
    type === 'gzip' ? ([zlib.gunzipSync, zlib.gunzip] as const) : ([zlib.inflateSync, zlib.inflate] as const);
  const options = { info: true, chunkSize: outputChunk(claimed, bytes.length, limit) };
  const finish = (result: unknown): Uint8Array => {
    const { buffer, engine } = result as InfoResult;
    if (engine.bytesWritten !== bytes.length) {
      throw trailingBytes(type, engine.bytesWritten, bytes.length);
    }
    return buffer;
  };
  return inPlaceOrPool(
    type,
    claimed,
    limit,
    (maxOutputLength) => finish(syncCall(bytes, { ...options, maxOutputLength })),
    () =>
      inPool<unknown>((done) => poolCall(bytes, { ...options, maxOutputLength: limit }, done)).then(finish),
  );
}

function decompressZstd(bytes: Uint8Array, limit: number): Uint8Array | Promise<Uint8Array> {
  const claimed = zstdContentSize(bytes) ?? bytes.length * 8;
  const options = {
    info: true,
    params: ZSTD_DECOMPRESS_PARAMS,
    chunkSize: outputChunk(claimed, bytes.length, limit),
  };
  return inPlaceOrPool(
    'zstd',
    claimed,
    limit,
    (maxOutputLength) => {
      const frames = new ZstdFrames(bytes, maxOutputLength);
      while (!frames.isDone) {
        const result: unknown = zlib.zstdDecompressSync(frames.rest, {
          ...options,
          maxOutputLength: frames.room,
        });
        frames.add(result as InfoResult);
      }
      return frames.output();
    },
    async () => {
      const frames = new ZstdFrames(bytes, limit);
      while (!frames.isDone) {
        const result = await inPool<unknown>((done) =>
          zlib.zstdDecompress(frames.rest, { ...options, maxOutputLength: frames.room }, done as never),
        );
        frames.add(result as InfoResult);
      }
      return frames.output();
    },
  );
}

/** Node reads one zstd frame a call and says where it ended; this goes from one to the next. */
class ZstdFrames {
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  readonly #contents: Uint8Array[] = [];
  #at = 0;
  #length = 0;

  constructor(bytes: Uint8Array, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
  }

  /** An empty body is not done before the library has said what it thinks of it. */
  get isDone(): boolean {
    return this.#at > 0 && this.#at === this.#bytes.length;
  }

  get rest(): Uint8Array {
    return this.#at === 0 ? this.#bytes : this.#bytes.subarray(this.#at);
  }

  /** How much more output is allowed; at least 1, the least that zlib takes. */
  get room(): number {
    return Math.max(1, this.#limit - this.#length);
  }

  add({ buffer, engine }: InfoResult): void {
    if (engine.bytesWritten === 0) {
      throw invalid('zstd', 'unexpected end of file');
    }
    this.#at += engine.bytesWritten;
    this.#length += buffer.length;
    if (this.#length > this.#limit) {
      throw tooLarge('zstd', this.#limit);
    }
    if (buffer.length > 0) {
      this.#contents.push(buffer);
    }
    if (!this.isDone && !startsZstdFrame(this.rest)) {
      throw trailingBytes('zstd', this.#at, this.#bytes.length);
    }
  }

  output(): Uint8Array {
    return this.#contents.length === 1 ? this.#contents[0]! : Buffer.concat(this.#contents);
  }
}

function decompressSnappy(type: CompressionType, bytes: Uint8Array, limit: number): Uint8Array {
  try {
    const framed = snappyUnframe(bytes, limit);
    if (framed !== undefined) {
      return framed;
    }
    if (type === 'x-snappy-framed') {
      throw new RangeError('it does not begin with a stream identifier');
    }
    if (snappyBlockSize(bytes) > limit) {
      throw tooLarge(type, limit);
    }
    return snappyDecompress(bytes);
  } catch (error) {
    throw error instanceof RangeError ? invalid(type, error.message) : error;
  }
}

/**
 * Works in place where the output is expected to be small. An input that claims less than it holds is stopped at the
 * bound and done again in the pool, so that the event loop never waits for more than the bound's worth of work.
 */
function inPlaceOrPool(
  type: CompressionType,
  claimed: number,
  limit: number,
  inPlace: (maxOutputLength: number) => Uint8Array,
  pool: () => Promise<Uint8Array>,
): Uint8Array | Promise<Uint8Array> {
  if (claimed <= DECOMPRESS_IN_PLACE_BYTES) {
    try {
      return inPlace(Math.min(limit, DECOMPRESS_IN_PLACE_BYTES));
    } catch (error) {
      const translated = translate(type, limit, error);
      if (translated.code !== 'OTLP_TOO_LARGE' || limit <= DECOMPRESS_IN_PLACE_BYTES) {
        throw translated;
      }
    }
  }
  return pool().catch((error: unknown) => {
    throw translate(type, limit, error);
  });
}

/** What zlib's convenience methods give with `info: true`, which their types leave out. */
interface InfoResult {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function inPool<Result = Buffer>(
  start: (done: (error: Error | null, result: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(error) : resolve(result)));
  });
}

/** The size of the buffers that output is made into: one of the whole claimed size where that can be believed. */
function outputChunk(claimed: number, inputLength: number, limit: number): number {
  const believed = Math.min(claimed + 1, limit + 1, inputLength * MAX_TRUSTED_RATIO);
  return Math.max(MIN_CHUNK_BYTES, believed);
}

/** RFC 8878 section 3.1.1: the content size that a frame's header claims, undefined if it claims none. */
function zstdContentSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < 14 || readUint32(bytes, 0) !== 0xfd2fb528) {
    return undefined;
  }
  const descriptor = bytes[4]!;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return isSingleSegment ? bytes[at] : undefined;
    case 1:
      return bytes[at]! + bytes[at + 1]! * 256 + 256;
    case 2:
      return at + 4 <= bytes.length ? readUint32(bytes, at) : undefined;
    default:
      return at + 8 <= bytes.length ? readUint32(bytes, at) + readUint32(bytes, at + 4) * 2 ** 32 : undefined;
  }
}

function startsZstdFrame(bytes: Uint8Array): boolean {
  if (bytes.length < 4) {
    return false;
  }
  const magic = readUint32(bytes, 0);
  return magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function translate(type: CompressionType, limit: number, error: unknown): PermanentError {
  if (error instanceof PermanentError) {
    return error;
  }
  if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
    return tooLarge(type, limit);
  }
  return invalid(type, (error as Error).message);
}

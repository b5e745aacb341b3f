/**
 * Whole bodies through zlib at once, in place, by engines that are kept (zlib-engine.ts): one for each format and level in
 * use, of 40 KB to some MB, and one block that output is compressed into before its size is known.
 */
import zlib from 'node:zlib';
import { madeBuffers } from '../process/young-buffers.ts';
import { joinApart } from './join-apart.ts';
import { EngineError, isReusable, ZlibEngine } from './zlib-engine.ts';

/** A zstd frame that wants a larger window than 64 MiB is refused: the window is allocated before any output. */
const ZSTD_WINDOW_LOG_MAX = 26;
export const ZSTD_D_PARAMS = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };

/** More levels than anybody uses at once; the oldest engine makes room for another. */
const MAX_ENGINES = 8;
/** The least that zlib allows: what a stream would write to is not used. */
const NO_OUTPUT = { chunkSize: 64 };
const FIRST_SCRATCH_BYTES = 64 * 1024;
const MIN_CHUNK_BYTES = 16 * 1024;

/** RFC 1952: the header of a member whose flags announce nothing more. */
const GZIP_HEADER_BYTES = 10;

type Compressor = 'gzip' | 'deflate' | 'zstd';
type Decompressor = 'gunzip' | 'inflate' | 'unzstd';
type Engine = Compressor | Decompressor | 'inflateRaw';

const MAKERS: Readonly<Record<Engine, (level: number | undefined) => zlib.Zlib>> = {
  gzip: (level) => zlib.createGzip({ ...NO_OUTPUT, ...(level === undefined ? {} : { level }) }),
  deflate: (level) => zlib.createDeflate({ ...NO_OUTPUT, ...(level === undefined ? {} : { level }) }),
  zstd: (level) => zlib.createZstdCompress({ ...NO_OUTPUT, ...zstdParams(level) }),
  gunzip: () => zlib.createGunzip(NO_OUTPUT),
  inflate: () => zlib.createInflate(NO_OUTPUT),
  inflateRaw: () => zlib.createInflateRaw(NO_OUTPUT),
  unzstd: () => zlib.createZstdDecompress({ ...NO_OUTPUT, params: ZSTD_D_PARAMS }),
};

const engines = new Map<string, ZlibEngine>();
let scratch = Buffer.allocUnsafeSlow(FIRST_SCRATCH_BYTES);

/** Options for zlib's own functions, of gzip and deflate. The output is made in few pieces. */
export function deflateOptions(level: number | undefined, bytes: Uint8Array): zlib.ZlibOptions {
  const chunkSize = outputGuess(bytes);
  return level === undefined ? { chunkSize } : { chunkSize, level };
}

/** Options for zlib's own functions, of zstd. */
export function zstdOptions(level: number | undefined, bytes: Uint8Array): zlib.ZstdOptions {
  return { chunkSize: outputGuess(bytes), ...zstdParams(level) };
}

/** Compresses `bytes` as one gzip member, zlib stream or zstd frame. */
export function compressInPlace(
  format: Compressor,
  level: number | undefined,
  bytes: Uint8Array,
): Uint8Array {
  if (!isReusable) return compressByZlib(format, level, bytes);
  if (format === 'zstd') makeScratch(zstdBound(bytes.length));
  const engine = take(format, level);
  engine.begin();
  let end = engine.write(bytes, 0, scratch, 0);
  while (end === scratch.length) {
    const larger = Buffer.allocUnsafeSlow(2 * scratch.length);
    scratch.copy(larger);
    scratch = larger;
    end = engine.write(bytes, bytes.length - engine.unread, scratch, end);
  }
  give(format, level, engine);
  const compressed = Buffer.allocUnsafeSlow(end);
  scratch.copy(compressed, 0, 0, end);
  return compressed;
}

/**
 * Memory of its own that contents are decompressed into, one behind the other. It grows to twice its size where they have no
 * room, so that however many there are, all that is allocated is a few times what they hold.
 */
export class OutputBlock {
  bytes: Buffer;
  /** How much of `bytes` is written. */
  end = 0;

  constructor(firstBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(firstBytes);
    madeBuffers(firstBytes);
  }

  get isFull(): boolean {
    return this.end === this.bytes.length;
  }

  grow(): void {
    const larger = Buffer.allocUnsafeSlow(2 * this.bytes.length);
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
    madeBuffers(larger.length);
  }

  append(content: Uint8Array): void {
    while (this.end + content.length > this.bytes.length) this.grow();
    this.bytes.set(content, this.end);
    this.end += content.length;
  }

  /** What was written, in memory of its own. A block that is mostly empty would be kept as long as what is in it. */
  content(): Uint8Array {
    const written = this.bytes.subarray(0, this.end);
    return 2 * this.end < this.bytes.length ? joinApart([written]) : written;
  }
}

/**
 * Decompresses gzip members, a zlib stream or a zstd frame to the end of `output`. Gives how much of `bytes` was read.
 *
 * Of zstd, `bytes` should be one frame alone: where its content fills `output` to the last byte, what follows is read
 * as well.
 *
 * @throws an error with zlib's `code`; ERR_BUFFER_TOO_LARGE where `output` would hold more than `maxBytes`
 */
export function decompressInPlace(
  format: Decompressor,
  bytes: Uint8Array,
  output: OutputBlock,
  maxBytes: number,
): number {
  if (!isReusable) return decompressByZlib(format, bytes, output, maxBytes);
  // An engine that fails, or is left in the middle, is not given back.
  const engine = take(format, undefined);
  engine.begin();
  let read = 0;
  do {
    if (output.isFull) output.grow();
    output.end = engine.write(bytes, read, output.bytes, output.end);
    read = bytes.length - engine.unread;
  } while (output.isFull && output.end <= maxBytes);
  if (output.end > maxBytes) {
    throw new EngineError(`the content is larger than ${maxBytes} bytes`, 'ERR_BUFFER_TOO_LARGE');
  }
  give(format, undefined, engine);
  return read;
}

/**
 * The most that a zstd frame of so many bytes can take (the library's `ZSTD_COMPRESSBOUND`). With room for it the
 * library reads the input where it is; with less it copies all of it to a buffer of its own, and that goes round: an
 * eighth more work for 700 KB.
 */
function zstdBound(length: number): number {
  return length + (length >> 8) + (Math.max(0, 128 * 1024 - length) >> 11);
}

function makeScratch(least: number): void {
  if (scratch.length < least) scratch = Buffer.allocUnsafeSlow(least);
}

/** Whether the first of gzip members, which has a header without additions, has any content. */
export function startsWithContent(members: Uint8Array): boolean {
  if (members.length < GZIP_HEADER_BYTES || members[3] !== 0) return false;
  const deflated = members.subarray(GZIP_HEADER_BYTES);
  // Gunzip reads on after an empty member. Inflate stops at its end, before the one byte there is room for.
  const first = Buffer.allocUnsafe(1);
  try {
    if (!isReusable) return zlib.inflateRawSync(deflated).length > 0;
    const engine = take('inflateRaw', undefined);
    engine.begin();
    const end = engine.write(deflated, 0, first, 0);
    give('inflateRaw', undefined, engine);
    return end > 0;
  } catch {
    return false;
  }
}

function take(format: Engine, level: number | undefined): ZlibEngine {
  const key = keyOf(format, level);
  const kept = engines.get(key);
  engines.delete(key);
  return kept ?? new ZlibEngine(MAKERS[format](level), format.endsWith('zstd') ? 'zstd' : 'zlib');
}

function give(format: Engine, level: number | undefined, engine: ZlibEngine): void {
  if (engines.size === MAX_ENGINES) engines.delete(engines.keys().next().value ?? '');
  engines.set(keyOf(format, level), engine);
}

function keyOf(format: string, level: number | undefined): string {
  return level === undefined ? format : `${format}:${level}`;
}

function zstdParams(level: number | undefined): zlib.ZstdOptions {
  return level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } };
}

/** Telemetry compresses to a quarter or less. */
function outputGuess(bytes: Uint8Array): number {
  return Math.max(MIN_CHUNK_BYTES, bytes.length >> 2);
}

function compressByZlib(format: Compressor, level: number | undefined, bytes: Uint8Array): Uint8Array {
  if (format === 'zstd') return zlib.zstdCompressSync(bytes, zstdOptions(level, bytes));
  const call = format === 'gzip' ? zlib.gzipSync : zlib.deflateSync;
  return call(bytes, deflateOptions(level, bytes));
}

function decompressByZlib(
  format: Decompressor,
  bytes: Uint8Array,
  output: OutputBlock,
  maxBytes: number,
): number {
  const chunkSize = Math.max(MIN_CHUNK_BYTES, output.bytes.length - output.end);
  const options = { info: true, chunkSize, maxOutputLength: Math.max(1, maxBytes - output.end) };
  const calls = {
    gunzip: () => zlib.gunzipSync(bytes, options),
    inflate: () => zlib.inflateSync(bytes, options),
    unzstd: () => zlib.zstdDecompressSync(bytes, { ...options, params: ZSTD_D_PARAMS }),
  };
  const { buffer, engine } = calls[format]() as unknown as {
    readonly buffer: Uint8Array;
    readonly engine: { readonly bytesWritten: number };
  };
  output.append(buffer);
  return engine.bytesWritten;
}

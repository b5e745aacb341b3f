/**
 * Decompression by Node's zlib: gzip and zlib (RFC 1952, RFC 1950), zstd (RFC 8878). Of a whole body at once, bounded,
 * in place or in the pool (see compression.ts).
 */
import zlib from 'node:zlib';
import { PermanentError } from '../errors.ts';
import { madeBuffers } from '../process/young-buffers.ts';
import { keepForm } from './compressed-form.ts';
import type { CompressionType } from './compression.ts';
import { invalid, tooLarge, trailingBytes } from './compression-errors.ts';
import { joinApart } from './join-apart.ts';
import { decompressInPlace, OutputBlock, ZSTD_D_PARAMS } from './zlib-in-place.ts';
import { readUint32, ZstdFrames, zstdFrameHeader } from './zstd-frames.ts';

/**
 * Up to this many bytes of output are decompressed in place: 1.5 ms (zstd) to 2.5 ms (gzip) of work where the input is
 * telemetry. The pool adds some 200 µs of CPU time to a call: 3 to 5 times the work of 71 KB, 1.3 times that of 700 KB,
 * 1.1 to 1.3 times that of 1.4 MB (bench/compression.ts).
 */
const IN_PLACE_OUTPUT_BYTES = 2 * 1024 * 1024;
/**
 * No more input than this is decompressed in place: of deflate blocks that have tables and no output, as much takes
 * some tens of milliseconds, and three times as much three times as long. Telemetry that has more has more than half a
 * megabyte of output.
 */
const IN_PLACE_INPUT_BYTES = 128 * 1024;
/** No output buffer is allocated in advance for more than this many times the input, whatever the input claims. */
const MAX_TRUSTED_RATIO = 64;
const MIN_CHUNK_BYTES = 16 * 1024;

/** What zlib's convenience methods give with `info: true`, which their types leave out. */
interface InfoResult {
  readonly buffer: Uint8Array;
  /** `bytesWritten` is how much of the input was used. */
  readonly engine: { readonly bytesWritten: number; _outBuffer?: unknown };
}

/**
 * Counts the output of an engine that is finished and lets go of what of it the engine still points to. V8 frees the
 * engine, an object with a native part, only by a full collection; what it points to would stay as long, and bring that
 * collection on three times as often.
 */
function takeOutput({ buffer, engine }: InfoResult): Uint8Array {
  madeBuffers(buffer.length);
  engine._outBuffer = null;
  return buffer;
}

/** Gzip members, or one zlib stream. */
export function inflate(
  type: 'gzip' | 'zlib' | 'deflate',
  bytes: Uint8Array,
  limit: number,
): Uint8Array | Promise<Uint8Array> {
  // RFC 1952: a member ends with the size of its content modulo 2^32, little endian. Only a hint: it is not checked
  // before the whole content was made, and of several members it is the last one's.
  const claimed =
    type === 'gzip' && bytes.length >= 18 ? readUint32(bytes, bytes.length - 4) : bytes.length * 8;
  const chunkSize = outputChunk(claimed, bytes.length, limit);
  const finish = (content: Uint8Array, used: number): Uint8Array => {
    if (used !== bytes.length) {
      throw trailingBytes(type, used, bytes.length);
    }
    if (content.length > limit) {
      throw tooLarge(type, limit);
    }
    keepForm(type, bytes, content);
    return content;
  };
  return inPlaceOrPool(
    type,
    bytes,
    claimed,
    limit,
    (maxOutputLength) => {
      const output = new OutputBlock(chunkSize);
      const used = decompressInPlace(type === 'gzip' ? 'gunzip' : 'inflate', bytes, output, maxOutputLength);
      return finish(output.content(), used);
    },
    async () => {
      const poolCall = type === 'gzip' ? zlib.gunzip : zlib.inflate;
      const options = { info: true, chunkSize, maxOutputLength: limit };
      const result = (await inPool<unknown>((done) => poolCall(bytes, options, done))) as InfoResult;
      return finish(takeOutput(result), result.engine.bytesWritten);
    },
  );
}

/** Zstd frames. */
export function decompressZstd(bytes: Uint8Array, limit: number): Uint8Array | Promise<Uint8Array> {
  const claimed = claimedByFrame(bytes);
  const keep = (frames: ZstdFrames, content: Uint8Array): Uint8Array => {
    if (frames.parts !== undefined) keepForm('zstd', bytes, content, frames.parts);
    return content;
  };
  return inPlaceOrPool(
    'zstd',
    bytes,
    claimed,
    limit,
    (maxOutputLength) => {
      const frames = new ZstdFrames(bytes, maxOutputLength);
      const output = new OutputBlock(outputChunk(claimed, bytes.length, limit));
      while (!frames.isDone) {
        const before = output.end;
        const used = decompressInPlace('unzstd', frames.next(), output, maxOutputLength);
        frames.add(output.end - before, used);
      }
      return keep(frames, output.content());
    },
    async () => {
      const frames = new ZstdFrames(bytes, limit);
      const contents: Uint8Array[] = [];
      while (!frames.isDone) {
        const frame = frames.next();
        const chunkSize = outputChunk(claimedByFrame(frame), frame.length, frames.room);
        const options = { info: true, params: ZSTD_D_PARAMS, chunkSize, maxOutputLength: frames.room };
        const result = (await inPool<unknown>((done) =>
          zlib.zstdDecompress(frame, options, done as never),
        )) as InfoResult;
        const content = takeOutput(result);
        frames.add(content.length, result.engine.bytesWritten);
        if (content.length > 0) contents.push(content);
      }
      return keep(frames, contents.length === 1 ? contents[0]! : joinApart(contents));
    },
  );
}

function claimedByFrame(frame: Uint8Array): number {
  return zstdFrameHeader(frame)?.contentBytes ?? frame.length * 8;
}

/** Runs one of zlib's methods that take a callback. */
export function inPool<Result = Buffer>(
  start: (done: (error: Error | null, result: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(error) : resolve(result)));
  });
}

/**
 * Works in place where the input is small and the output is expected to be. An input that claims less than it holds is
 * stopped at the bound and done again in the pool, so that the event loop never waits for more than the work that the
 * two bounds allow.
 */
function inPlaceOrPool(
  type: CompressionType,
  bytes: Uint8Array,
  claimed: number,
  limit: number,
  inPlace: (maxOutputLength: number) => Uint8Array,
  pool: () => Promise<Uint8Array>,
): Uint8Array | Promise<Uint8Array> {
  if (bytes.length <= IN_PLACE_INPUT_BYTES && claimed <= IN_PLACE_OUTPUT_BYTES) {
    try {
      // zlib takes no bound of 0; what is then one byte too many is found by the one who asked.
      return inPlace(Math.max(1, Math.min(limit, IN_PLACE_OUTPUT_BYTES)));
    } catch (error) {
      const translated = translate(type, limit, error);
      if (translated.code !== 'OTLP_TOO_LARGE' || limit <= IN_PLACE_OUTPUT_BYTES) {
        throw translated;
      }
    }
  }
  return pool().catch((error: unknown) => {
    throw translate(type, limit, error);
  });
}

/** The size of the buffers that output is made into: one of the whole claimed size where that can be believed. */
function outputChunk(claimed: number, inputLength: number, limit: number): number {
  const believed = Math.min(claimed + 1, limit + 1, inputLength * MAX_TRUSTED_RATIO);
  return Math.max(MIN_CHUNK_BYTES, believed);
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

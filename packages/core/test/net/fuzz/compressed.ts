/**
 * What reads compressed bytes that others sent: that it gives what zlib gives, and that a form keeps its content with
 * something in front.
 */
import zlib, { crc32 } from 'node:zlib';
import type { FuzzTarget } from '@tributary/testkit';
import { PermanentError } from '../../../src/errors.ts';
import { type CompressionType, compress, decompress } from '../../../src/net/compression.ts';
import { snappyCompress } from '../../../src/net/snappy.ts';
import { snappyFrame } from '../../../src/net/snappy-framed.ts';
import { putInFront } from '../../../src/net/splice/put-in-front.ts';

const LIMIT_BYTES = 16 * 1024;
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** What is put in front, by the length of the input. */
const PREFIXES = [1, 40, 700].map((length) => Buffer.alloc(length, 'service.name=shop;'));

const LINES = Array.from(
  { length: 60 },
  (_, index) => `http.route=/orders/${index * index} server=shop-${index % 7}\n`,
);
const CONTENTS = ['', 'a', 'a'.repeat(500), LINES.slice(0, 3).join(''), LINES.join('')].map((text) =>
  Buffer.from(text),
);
const BYTES = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const ZSTD_SEEDS = [...CONTENTS, BYTES].flatMap((content) =>
  [-5, 1, 3, 19].map((level) =>
    zlib.zstdCompressSync(content, {
      params: {
        [zlib.constants.ZSTD_c_compressionLevel]: level,
        [zlib.constants.ZSTD_c_checksumFlag]: level & 1,
      },
    }),
  ),
);
const DEFLATE_SEEDS = [...CONTENTS, BYTES].flatMap((content) =>
  [
    { level: 0 },
    { level: 1 },
    { level: 6 },
    { strategy: zlib.constants.Z_FIXED },
    { strategy: zlib.constants.Z_HUFFMAN_ONLY },
  ].map((options) => zlib.deflateRawSync(content, options)),
);

/** DEFLATE as it comes in gzip, with the trailer that fits: of what anybody inflates. */
export const deflateTarget: FuzzTarget = {
  name: 'deflate',
  seeds: DEFLATE_SEEDS,
  tokens: [Buffer.from([0, 0, 0, 0xff, 0xff]), Buffer.from([1, 0, 0, 0xff, 0xff]), Buffer.from([3, 0])],
  run(input) {
    const content = attempt(() => zlib.inflateRawSync(input, { maxOutputLength: LIMIT_BYTES }));
    const trailer = Buffer.alloc(8);
    if (Buffer.isBuffer(content)) {
      trailer.writeUInt32LE(crc32(content), 0);
      trailer.writeUInt32LE(content.length, 4);
    }
    const member = Buffer.concat([GZIP_HEADER, input, trailer]);
    const ours = contentOf('gzip', member);
    if (typeof ours === 'string') return ours;
    expectEqual(
      zlib.gunzipSync(member, { maxOutputLength: LIMIT_BYTES }),
      ours,
      'zlib reads another content',
    );
    return inFront('gzip', member, ours);
  },
};

/** Frames of zstd. */
export const zstdTarget: FuzzTarget = {
  name: 'zstd',
  seeds: ZSTD_SEEDS,
  tokens: [
    Buffer.from('28b52ffd', 'hex'),
    Buffer.from('502a4d1803000000', 'hex'),
    Buffer.from('010000', 'hex'),
  ],
  run(input) {
    const content = contentOf('zstd', input);
    if (typeof content === 'string') return content;
    const frames = zstdFrames(input);
    expectEqual(Buffer.concat(frames), content, 'zlib reads another content');
    return frames.length > 1 ? `${frames.length} frames` : inFront('zstd', input, content);
  },
};

/** LZ4 and Snappy, which are read by code of our own: what is read and written again reads the same. */
export const ownTarget: FuzzTarget = {
  name: 'lz4-snappy',
  seeds: CONTENTS.flatMap((content) => [
    Buffer.concat([Buffer.from('l'), compress('lz4', undefined, [content]) as Uint8Array]),
    Buffer.concat([Buffer.from('s'), snappyCompress(content)]),
    Buffer.concat([Buffer.from('s'), snappyFrame(content)]),
  ]),
  tokens: [
    Buffer.from('04224d18604082', 'hex'),
    Buffer.from('502a4d1803000000', 'hex'),
    snappyFrame(Buffer.alloc(0)),
  ],
  run(input) {
    const type = input[0]! % 2 === 0 ? 'lz4' : 'snappy';
    const content = contentOf(type, input.subarray(1));
    if (typeof content === 'string') return content;
    // A copy has memory of its own, and so no form that it came in.
    const again = compress(type, undefined, [Buffer.from(content)]) as Uint8Array;
    const reread = decompress(type, again, LIMIT_BYTES) as Uint8Array;
    expectEqual(reread, content, 'what was written and read again is another content');
    return `${type} ${sizeOf(content)}`;
  },
};

/** Puts something in front of a form, which must then be the form of that and its content. */
function inFront(type: 'gzip' | 'zstd', bytes: Buffer, content: Uint8Array): string {
  const prefix = PREFIXES[bytes.length % PREFIXES.length] as Buffer;
  const pieces = content.length === 0 ? undefined : putInFront(prefix, { type, content, bytes });
  if (pieces === undefined) return `${type} ${sizeOf(content)}`;
  const read = (type === 'gzip' ? zlib.gunzipSync : zlib.zstdDecompressSync)(Buffer.concat(pieces));
  expectEqual(read, Buffer.concat([prefix, content]), 'with something in front it is another content');
  // The kind of the first block of DEFLATE; of zstd what its header has.
  const kind = type === 'gzip' ? bytes[GZIP_HEADER.length]! & 7 : bytes[4];
  return `${type} ${kind} ${sizeOf(content)} in front ${prefix.length}`;
}

/** The contents of frames, of which Node's zlib reads one a call. */
function zstdFrames(bytes: Buffer): readonly Buffer[] {
  const contents: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const options = { info: true, maxOutputLength: LIMIT_BYTES };
    const { buffer, engine } = zlib.zstdDecompressSync(bytes.subarray(at), options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    contents.push(buffer);
    at += engine.bytesWritten;
  }
  return contents;
}

function expectEqual(found: Uint8Array, expected: Uint8Array, message: string): void {
  if (Buffer.compare(found, expected) !== 0) throw new Error(message);
}

/** The content of a body, or why there is none. What claims to be large is left to libuv's pool, and not waited for. */
function contentOf(type: CompressionType, bytes: Buffer): Uint8Array | string {
  const content = attempt(() => {
    const done = decompress(type, bytes, LIMIT_BYTES);
    if (done instanceof Promise) done.catch(() => undefined);
    return done;
  });
  if (content instanceof Promise) return `${type} in the pool`;
  if (!(content instanceof Error)) {
    if (content.length > LIMIT_BYTES) throw new Error('the content is larger than its limit');
    return content;
  }
  if (!(content instanceof PermanentError)) throw content;
  return content.message.replaceAll(/\d+/g, '0');
}

function attempt<Result>(run: () => Result): Result | Error {
  try {
    return run();
  } catch (error) {
    return error as Error;
  }
}

const sizeOf = ({ length }: Uint8Array): string =>
  length < 64 ? String(length) : `2^${Math.floor(Math.log2(length))}`;

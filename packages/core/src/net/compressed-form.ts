/**
 * The compressed form in which a content came, kept beside it, so that what nobody changed is sent on as it came:
 * compressing is by far the dearest thing that happens to a request (bench/compression.ts). The content's memory is the
 * key, which is why each content must have its own: whoever shows a range of it that is the whole, or its end, is given the
 * form. Nobody may write to either.
 *
 * The form goes to somebody else's decoder, so only plain ones are kept: one gzip member (some decoders read no more), one
 * zstd frame with a window that every decoder must accept. And only those that are worth their memory, which comes on
 * top of the content's: at most half of it. It is freed with the content.
 */
import type { CompressionType } from './compression.ts';
import { readUint32, zstdFrameHeader } from './zstd-frames.ts';

/** A content and the form that it came in. */
export interface CompressedForm {
  readonly type: CompressionType;
  readonly content: Uint8Array;
  readonly bytes: Uint8Array;
}

/** RFC 9659: no decoder of zstd content encoding needs to take a larger window. */
const MAX_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024;

const forms = new WeakMap<ArrayBufferLike, CompressedForm>();

/** Keeps the form that `content` was decompressed from, for as long as its memory lives, if it may be sent on. */
export function keepForm(type: CompressionType, bytes: Uint8Array, content: Uint8Array): void {
  if (bytes.length * 2 <= content.length && isPlain(type, bytes, content.length)) {
    forms.set(content.buffer, { type: canonical(type), content, bytes });
  }
}

/** The compressed form of this type that `range` came in, if `range` is the whole content. */
export function formOf(type: CompressionType, range: Uint8Array): Uint8Array | undefined {
  const form = forms.get(range.buffer);
  return form?.type === canonical(type) &&
    form.content.byteOffset === range.byteOffset &&
    form.content.length === range.length
    ? form.bytes
    : undefined;
}

/** The content and its form of this type, if `range` is what the content ends with. */
export function formThatEndsWith(type: CompressionType, range: Uint8Array): CompressedForm | undefined {
  const form = forms.get(range.buffer);
  return form?.type === canonical(type) &&
    form.content.byteOffset < range.byteOffset &&
    form.content.byteOffset + form.content.length === range.byteOffset + range.length
    ? form
    : undefined;
}

function isPlain(type: CompressionType, bytes: Uint8Array, contentLength: number): boolean {
  switch (type) {
    case 'gzip':
      // Each member ends with the length of its own content.
      return readUint32(bytes, bytes.length - 4) === contentLength;
    case 'zstd':
      return (zstdFrameHeader(bytes)?.windowBytes ?? Number.POSITIVE_INFINITY) <= MAX_ZSTD_WINDOW_BYTES;
    default:
      return true;
  }
}

/** `deflate` and `zlib` are two names of one format. */
function canonical(type: CompressionType): CompressionType {
  return type === 'deflate' ? 'zlib' : type;
}

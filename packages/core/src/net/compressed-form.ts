/**
 * The compressed form in which a content came, kept beside it, so that what nobody changed is sent on as it came:
 * compressing is by far the dearest thing that happens to a request (bench/compression.ts). The content's array is the key:
 * a batch that was not edited gives the very array back that it was made of, any other content is another array. Nobody
 * may write to either.
 *
 * The form goes to somebody else's decoder, so only plain ones are kept: one gzip member (some decoders read no more), one
 * zstd frame with a window that every decoder must accept. And only those that are worth their memory, which comes on
 * top of the content's: at most half of it.
 */
import type { CompressionType } from './compression.ts';
import { readUint32, zstdWindowSize } from './zstd-frames.ts';

interface CompressedForm {
  readonly type: CompressionType;
  readonly bytes: Uint8Array;
}

/** RFC 9659: no decoder of zstd content encoding needs to take a larger window. */
const MAX_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024;

const forms = new WeakMap<Uint8Array, CompressedForm>();

/** Keeps the form that `content` was decompressed from, for as long as `content` lives, if it may be sent on. */
export function keepForm(type: CompressionType, bytes: Uint8Array, content: Uint8Array): void {
  if (bytes.length * 2 <= content.length && isPlain(type, bytes, content.length)) {
    forms.set(content, { type: canonical(type), bytes });
  }
}

/** The compressed form that `content` came in, if it is known and of this type. */
export function formOf(type: CompressionType, content: Uint8Array): Uint8Array | undefined {
  const form = forms.get(content);
  return form?.type === canonical(type) ? form.bytes : undefined;
}

function isPlain(type: CompressionType, bytes: Uint8Array, contentLength: number): boolean {
  switch (type) {
    case 'gzip':
      // Each member ends with the length of its own content.
      return readUint32(bytes, bytes.length - 4) === contentLength;
    case 'zstd':
      return (zstdWindowSize(bytes) ?? Number.POSITIVE_INFINITY) <= MAX_ZSTD_WINDOW_BYTES;
    default:
      return true;
  }
}

/** `deflate` and `zlib` are two names of one format. */
function canonical(type: CompressionType): CompressionType {
  return type === 'deflate' ? 'zlib' : type;
}

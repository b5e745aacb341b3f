/**
 * The compressed form in which a content came, kept beside it, so that what nobody changed is sent on as it came:
 * compressing is by far the dearest thing that happens to a request (bench/compression.ts). The content's memory is the
 * key, which is why each content must have its own: whoever shows a range of it that is the whole, or its end, is given the
 * form. Nobody may write to either.
 *
 * The form goes to somebody else's decoder, so only plain ones are kept: zstd frames with a window that every decoder must
 * accept, and none that is to be skipped. Several gzip members or zstd frames go only to those who take that. And only forms
 * that are worth their memory, which comes on top of the content's: at most half of it. It is freed with the content.
 */
import type { CompressionType } from './compression.ts';
import { startsWithContent } from './zlib-in-place.ts';
import { readUint32, zstdFrameHeader } from './zstd-frames.ts';

/** A content and the form that it came in. */
export interface CompressedForm {
  readonly type: CompressionType;
  readonly content: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Where a zstd frame ended in the form, and what it held in the content. */
export interface FormPart {
  readonly contentEnd: number;
  readonly bytesEnd: number;
}

/**
 * What is kept of a content's memory. It must not refer to that memory: collections of the young generation take what a
 * WeakMap holds for alive, and what that refers to, so that only a full one would free the content.
 */
interface KeptForm {
  readonly type: CompressionType;
  readonly bytes: Uint8Array;
  /** Where the content lies in its memory. */
  readonly contentAt: number;
  readonly contentBytes: number;
  /** The zstd frames in order; none where there is one, or where nobody knows where they begin. */
  readonly parts: readonly FormPart[];
  /** False of several gzip members. */
  readonly isOne: boolean;
}

/** RFC 9659: no decoder of zstd content encoding needs to take a larger window. */
export const MAX_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024;

const forms = new WeakMap<ArrayBufferLike, KeptForm>();

/** Keeps the form that `content` was decompressed from, for as long as its memory lives, if it may be sent on. */
export function keepForm(
  type: CompressionType,
  bytes: Uint8Array,
  content: Uint8Array,
  parts: readonly FormPart[] = [],
): void {
  if (bytes.length * 2 > content.length) return;
  if (type === 'zstd' && !arePlainFrames(bytes, parts)) return;
  const isOne = parts.length < 2 && (type !== 'gzip' || isOneMember(bytes, content.length));
  const { byteOffset: contentAt, length: contentBytes } = content;
  forms.set(content.buffer, { type: canonical(type), bytes, contentAt, contentBytes, parts, isOne });
}

/**
 * The compressed form of this type that `range` came in, if `range` is the whole content, or that of whole zstd frames.
 * Several members or frames only where `concatenates` says that they are wanted.
 */
export function formOf(
  type: CompressionType,
  range: Uint8Array,
  concatenates = false,
): Uint8Array | undefined {
  const form = forms.get(range.buffer);
  if (form?.type !== canonical(type)) return undefined;
  const from = range.byteOffset - form.contentAt;
  const to = from + range.length;
  if (from === 0 && to === form.contentBytes) return form.isOne || concatenates ? form.bytes : undefined;
  const first = partThatEndsAt(form, from);
  const last = partThatEndsAt(form, to);
  return first === undefined || last === undefined || !(concatenates || last === first + 1)
    ? undefined
    : form.bytes.subarray(form.parts[first]?.bytesEnd ?? 0, form.parts[last]!.bytesEnd);
}

/** How many zstd frames a range's form has, if it has one; at least 1. */
export function framesIn(range: Uint8Array): number {
  const form = forms.get(range.buffer);
  if (form === undefined) return 1;
  const from = range.byteOffset - form.contentAt;
  const to = from + range.length;
  return Math.max(1, firstPartFrom(form, to + 1) - firstPartFrom(form, from));
}

/** Cuts a range before the first and behind the last of the whole frames of this type that are in it. */
export function cutAtFrames(type: CompressionType, range: Uint8Array): readonly Uint8Array[] {
  const form = forms.get(range.buffer);
  if (form === undefined || form.type !== canonical(type) || form.parts.length === 0) return [range];
  const from = range.byteOffset - form.contentAt;
  const to = from + range.length;
  const inner = [firstPartFrom(form, from + 1), firstPartFrom(form, to) - 1] as const;
  // Where the range is whole frames, or none begins in it, there is nothing to cut.
  const first = isFrameStart(form, from) ? from : form.parts[inner[0]]?.contentEnd;
  const last = isFrameStart(form, to) ? to : form.parts[inner[1]]?.contentEnd;
  const cuts = [first, last].flatMap((cut) =>
    cut === undefined || cut <= from || cut >= to ? [] : [cut - from],
  );
  const places = [...new Set([0, ...cuts, range.length])];
  return places.slice(1).map((place, index) => range.subarray(places[index], place));
}

function isFrameStart(form: KeptForm, offset: number): boolean {
  return partThatEndsAt(form, offset) !== undefined;
}

/** How many bytes of compressed forms are kept alive by these memories. */
export function formBytesOf(memories: Iterable<ArrayBufferLike>): number {
  let bytes = 0;
  for (const memory of memories) bytes += forms.get(memory)?.bytes.length ?? 0;
  return bytes;
}

/** The content and its form of this type, one member or frame, if `range` is what the content ends with. */
export function formThatEndsWith(type: CompressionType, range: Uint8Array): CompressedForm | undefined {
  const form = forms.get(range.buffer);
  if (form?.type !== canonical(type)) return undefined;
  const from = range.byteOffset - form.contentAt;
  const to = from + range.length;
  if (form.isOne) {
    return from > 0 && to === form.contentBytes
      ? { type: form.type, content: contentOf(range, form, 0, to), bytes: form.bytes }
      : undefined;
  }
  const last = partThatEndsAt(form, to);
  if (last === undefined || last < 0) return undefined;
  const { contentEnd = 0, bytesEnd = 0 } = form.parts[last - 1] ?? {};
  return contentEnd < from
    ? {
        type: form.type,
        content: contentOf(range, form, contentEnd, to),
        bytes: form.bytes.subarray(bytesEnd, form.parts[last]!.bytesEnd),
      }
    : undefined;
}

function contentOf(range: Uint8Array, { contentAt }: KeptForm, from: number, to: number): Uint8Array {
  return new Uint8Array(range.buffer, contentAt + from, to - from);
}

/** The number of the part that ends at an offset of the content; -1 for the beginning. */
function partThatEndsAt(form: KeptForm, offset: number): number | undefined {
  if (offset === 0) return form.parts.length > 0 ? -1 : undefined;
  const part = firstPartFrom(form, offset);
  return form.parts[part]?.contentEnd === offset ? part : undefined;
}

/** The number of the first part that ends at an offset of the content or behind it. */
function firstPartFrom({ parts }: KeptForm, offset: number): number {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle]!.contentEnd < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function arePlainFrames(bytes: Uint8Array, parts: readonly FormPart[]): boolean {
  let at = 0;
  for (const end of parts.length === 0 ? [bytes.length] : parts.map(({ bytesEnd }) => bytesEnd)) {
    const window = zstdFrameHeader(bytes.subarray(at, end))?.windowBytes;
    if (window === undefined || window > MAX_ZSTD_WINDOW_BYTES) return false;
    at = end;
  }
  return true;
}

/** A member ends with the length of its own content: where that of the last is the whole, any before it are empty. */
function isOneMember(bytes: Uint8Array, contentBytes: number): boolean {
  return readUint32(bytes, bytes.length - 4) === contentBytes && startsWithContent(bytes);
}

/** `deflate` and `zlib` are two names of one format. */
function canonical(type: CompressionType): CompressionType {
  return type === 'deflate' ? 'zlib' : type;
}

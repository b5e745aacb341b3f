/**
 * Finds out that all that is new in an encoded request are attributes of its resource, and puts them first.
 *
 *     request  := 0a <length> ( 0a <length> ( attributes …  ) scopes … )      one group, its resource first
 *
 * Attributes that are added stand behind the others. Their order means nothing; put in front, they leave one piece of the
 * request as it was, from the old attributes to the end, and only the two tags and lengths before it differ. That is what
 * exchanging the beginning of a compressed form needs (net/splice).
 */
import { readVarint32, skipVarint, varintSize, writeVarint } from './wire.ts';

/** Both the field `resource_spans` (`_metrics`, `_logs`) of a request, `resource` of a group and `attributes` of a resource. */
const TAG = 0x0a;

/** A request that begins otherwise. */
export interface NewHead {
  /** What it begins with. */
  readonly head: Uint8Array;
  /** From where on it goes on as it was. */
  readonly from: number;
}

/**
 * `edited` is how a request begins now, and from `keptFrom` on it is still `original`. Undefined where anything else
 * than attributes that were added to the resource of the only group differs.
 */
export function addedAttributes(
  original: Uint8Array,
  keptFrom: number,
  edited: Uint8Array,
): NewHead | undefined {
  const before = readHead(original, original.length);
  const keptBytes = original.length - keptFrom;
  const now = readHead(edited, edited.length + keptBytes);
  if (before === undefined || now === undefined || before.end > keptFrom || now.end > edited.length) {
    return undefined;
  }
  const added = now.end - now.start - (before.end - before.start);
  const addedFrom = now.end - added;
  if (added <= 0 || addedFrom < now.start || !areAttributes(edited, addedFrom, now.end)) return undefined;
  const isSame =
    equal(original, before.start, before.end, edited, now.start) &&
    equal(original, before.end, keptFrom, edited, now.end);
  if (!isSame || edited.length - now.end !== keptFrom - before.end) return undefined;
  const resourceBytes = now.end - now.start;
  const groupBytes = edited.length + keptBytes - now.group;
  const head = new Uint8Array(2 + varintSize(groupBytes) + varintSize(resourceBytes) + added);
  head[0] = TAG;
  let at = writeVarint(head, 1, groupBytes);
  head[at++] = TAG;
  at = writeVarint(head, at, resourceBytes);
  head.set(edited.subarray(addedFrom, now.end), at);
  return { head, from: before.start };
}

interface Head {
  /** Where the body of the group begins. */
  readonly group: number;
  /** Where the body of its resource begins and ends. */
  readonly start: number;
  readonly end: number;
}

/** Reads the two tags and lengths; undefined where there are others, or the group is not the whole request of `size` bytes. */
function readHead(bytes: Uint8Array, size: number): Head | undefined {
  if (bytes[0] !== TAG) return undefined;
  const group = skipVarint(bytes, 1);
  if (bytes[group] !== TAG || group + readVarint32(bytes, 1) !== size) return undefined;
  const start = skipVarint(bytes, group + 1);
  return { group, start, end: start + readVarint32(bytes, group + 1) };
}

/** Whether a range is nothing but whole fields of attributes. */
function areAttributes(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && bytes[at] === TAG) at = skipVarint(bytes, at + 1) + readVarint32(bytes, at + 1);
  return at === to;
}

function equal(a: Uint8Array, from: number, to: number, b: Uint8Array, at: number): boolean {
  if (at + (to - from) > b.length) return false;
  for (let index = from; index < to; index++) if (a[index] !== b[at + index - from]) return false;
  return true;
}

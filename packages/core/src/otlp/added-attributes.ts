/**
 * Finds out that all that is new in an encoded request are attributes of its resource, and gives what must be put in
 * front of the request as it was to make it that.
 *
 *     request  := 0a <length> ( 0a <length> ( attributes …  ) scopes … )      one group, its resource first
 *
 *     becomes     0a <length> ( 0a <length> ( added … <padding: the old 0a <length> 0a <length>> attributes … ) scopes … )
 *                └───────────── in front ─────────────┘└──────────────────── the request as it was ─────────────────────┘
 *
 * The order of attributes means nothing. The old tags and lengths, 4 to 12 bytes that say nothing of anybody, become
 * the value of a field that no schema has and every reader of protobuf passes over. So no byte of the request changes,
 * nor of a compressed form of it (net/splice): all that refers back does so by distances.
 */
import { readVarint32, skipVarint, varintSize, WIRE, writeVarint } from './wire.ts';

/**
 * Both the field `resource_spans` (`_metrics`, `_logs`) of a request, `resource` of a group and `attributes` of a
 * resource.
 */
const TAG = 0x0a;

/** The greatest field number with a tag of three bytes. OTLP's are below 20, and 19000 to 19999 belong to protobuf itself. */
const PADDING_TAG = (262_143 << 3) | WIRE.delimited;

/**
 * `edited` is how a request begins now, and from `keptFrom` on it is still `original`. Undefined where anything else
 * than attributes that were added to the resource of the only group differs.
 */
export function addedAttributes(
  original: Uint8Array,
  keptFrom: number,
  edited: Uint8Array,
): Uint8Array | undefined {
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
  return inFront(edited.subarray(addedFrom, now.end), before, original.length);
}

/** The two tags and lengths anew, what was added, and the head of the padding that holds the old ones. */
function inFront(added: Uint8Array, before: Head, originalBytes: number): Uint8Array {
  const paddedBytes = before.start;
  const paddingBytes = varintSize(PADDING_TAG) + varintSize(paddedBytes) + paddedBytes;
  const resourceBytes = added.length + paddingBytes + (before.end - before.start);
  const groupBytes = 1 + varintSize(resourceBytes) + resourceBytes + (originalBytes - before.end);
  const bytes = new Uint8Array(
    2 + varintSize(groupBytes) + varintSize(resourceBytes) + added.length + paddingBytes - paddedBytes,
  );
  bytes[0] = TAG;
  let at = writeVarint(bytes, 1, groupBytes);
  bytes[at++] = TAG;
  at = writeVarint(bytes, at, resourceBytes);
  bytes.set(added, at);
  at = writeVarint(bytes, at + added.length, PADDING_TAG);
  writeVarint(bytes, at, paddedBytes);
  return bytes;
}

interface Head {
  /** Where the body of the resource begins and ends. */
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the two tags and lengths; undefined where there are others, or the group is not the whole request of `size`
 * bytes.
 */
function readHead(bytes: Uint8Array, size: number): Head | undefined {
  if (bytes[0] !== TAG) return undefined;
  const group = skipVarint(bytes, 1);
  if (bytes[group] !== TAG || group + readVarint32(bytes, 1) !== size) return undefined;
  const start = skipVarint(bytes, group + 1);
  return { start, end: start + readVarint32(bytes, group + 1) };
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

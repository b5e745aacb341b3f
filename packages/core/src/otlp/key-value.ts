/**
 * Where the key and the value of a KeyValue lie.
 *
 *     KeyValue := { 1: string key, 2: AnyValue value }
 *
 * Almost always that is key, value and nothing else (it is "plain"), which is seen at a glance. Otherwise the last key
 * counts, and several values are merged (their bytes one after the other).
 */
import { readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

/** The tags of key and value. */
export const KEY_TAG = 0x0a;
export const VALUE_TAG = 0x12;
const NOTHING = Buffer.alloc(0);

/** Where the parts of a KeyValue lie. */
interface KeyValueLayout {
  /** What was parsed. */
  bytes: Buffer;
  start: number;
  end: number;
  keyStart: number;
  keyEnd: number;
  /** Holds the value: `bytes`, or the merge of several values. */
  valueBytes: Buffer;
  valueStart: number;
  valueEnd: number;
  /** True if the key comes first, so that all after it is what to keep when the key changes. */
  isPlain: boolean;
}

/** The last KeyValue that was parsed. One object, written anew by every `parseKeyValue`: read it before the next call. */
export const keyValue: KeyValueLayout = {
  bytes: NOTHING,
  start: 0,
  end: 0,
  keyStart: 0,
  keyEnd: 0,
  valueBytes: NOTHING,
  valueStart: 0,
  valueEnd: 0,
  isPlain: true,
};

/** Finds the key and the value in the body of a KeyValue and leaves them in `keyValue`. */
export function parseKeyValue(bytes: Buffer, start: number, end: number): void {
  keyValue.bytes = bytes;
  keyValue.start = start;
  keyValue.end = end;
  const keyEnd = plainKeyEnd(bytes, start, end);
  if (keyEnd === 0) {
    parseUnusual(bytes, start, end);
    return;
  }
  keyValue.keyStart = start + 2;
  keyValue.keyEnd = keyEnd;
  keyValue.valueBytes = bytes;
  keyValue.valueStart = keyEnd === end ? end : skipVarint(bytes, keyEnd + 1);
  keyValue.valueEnd = end;
  keyValue.isPlain = true;
}

/** Where the key of a plain KeyValue, which starts two bytes after `start`, ends; 0 if it is not plain. */
export function plainKeyEnd(bytes: Buffer, start: number, end: number): number {
  const length = bytes[start + 1]!;
  if (bytes[start] !== KEY_TAG || length > 127) return 0;
  const keyEnd = start + 2 + length;
  if (keyEnd >= end) return keyEnd === end ? keyEnd : 0;
  if (bytes[keyEnd] !== VALUE_TAG) return 0;
  const valueLength = bytes[keyEnd + 1]!;
  if (valueLength < 128) return keyEnd + 2 + valueLength === end ? keyEnd : 0;
  return skipValue(bytes, keyEnd + 1, WIRE.delimited) === end ? keyEnd : 0;
}

function parseUnusual(bytes: Buffer, start: number, end: number): void {
  keyValue.isPlain = false;
  keyValue.keyStart = start;
  keyValue.keyEnd = start;
  keyValue.valueBytes = bytes;
  const values: Buffer[] = [];
  for (let position = start; position < end; ) {
    const tag = readVarint32(bytes, position);
    const at = skipVarint(bytes, position);
    position = skipValue(bytes, at, tag & 7);
    if ((tag & 7) !== WIRE.delimited) continue;
    if (tag >>> 3 === 1) {
      keyValue.keyStart = skipVarint(bytes, at);
      keyValue.keyEnd = position;
    } else if (tag >>> 3 === 2) {
      keyValue.valueStart = skipVarint(bytes, at);
      keyValue.valueEnd = position;
      values.push(bytes.subarray(keyValue.valueStart, position));
    }
  }
  if (values.length === 1) return;
  keyValue.valueBytes = values.length === 0 ? NOTHING : Buffer.concat(values);
  keyValue.valueStart = 0;
  keyValue.valueEnd = keyValue.valueBytes.length;
}

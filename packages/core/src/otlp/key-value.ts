/**
 * Where the key and the value of a KeyValue lie.
 *
 *     KeyValue := { 1: string key, 2: AnyValue value }
 *
 * Almost always that is key, value and nothing else, which `parseKeyValue` knows at a glance. Otherwise the last key
 * counts, and several values are merged (their bytes one after the other).
 */
import { readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;
const NOTHING = Buffer.alloc(0);

interface KeyValueLayout {
  keyStart: number;
  keyEnd: number;
  /** Holds the value: the bytes that were parsed, or the merge of several values. */
  valueBytes: Buffer;
  valueStart: number;
  valueEnd: number;
  /** True if the key comes first and all after it, to the end, is to be kept when the key changes. */
  isPlain: boolean;
}

/** The last KeyValue that was parsed. One object, written anew by every `parseKeyValue`: read it before the next call. */
export const keyValue: KeyValueLayout = {
  keyStart: 0,
  keyEnd: 0,
  valueBytes: NOTHING,
  valueStart: 0,
  valueEnd: 0,
  isPlain: true,
};

/** Finds the key and the value in the body of a KeyValue. */
export function parseKeyValue(bytes: Buffer, start: number, end: number): void {
  keyValue.valueBytes = bytes;
  if (bytes[start] === KEY_TAG && bytes[start + 1]! < 128) {
    const keyEnd = start + 2 + bytes[start + 1]!;
    if (keyEnd === end || (bytes[keyEnd] === VALUE_TAG && isLastValue(bytes, keyEnd + 1, end))) {
      keyValue.keyStart = start + 2;
      keyValue.keyEnd = keyEnd;
      keyValue.valueEnd = end;
      keyValue.valueStart = keyEnd === end ? end : end - keyValueLength;
      keyValue.isPlain = true;
      return;
    }
  }
  parseUnusual(bytes, start, end);
}

let keyValueLength = 0;

/** Whether the length at `position` reaches exactly to `end`; leaves it in `keyValueLength`. */
function isLastValue(bytes: Buffer, position: number, end: number): boolean {
  const length = bytes[position]!;
  if (length < 128) {
    keyValueLength = length;
    return position + 1 + length === end;
  }
  keyValueLength = readVarint32(bytes, position);
  return skipVarint(bytes, position) + keyValueLength === end;
}

function parseUnusual(bytes: Buffer, start: number, end: number): void {
  keyValue.isPlain = false;
  keyValue.keyStart = start;
  keyValue.keyEnd = start;
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

/** Whether the key that was parsed last, in `bytes`, is `key`. Keys share beginnings, so it compares from the end. */
export function isKey(bytes: Buffer, key: Uint8Array): boolean {
  const start = keyValue.keyStart;
  let index = key.length;
  if (keyValue.keyEnd - start !== index) return false;
  while (--index >= 0) if (bytes[start + index] !== key[index]) return false;
  return true;
}

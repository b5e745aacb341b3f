import type { EncodedText } from './encoded-text.ts';
import type { ItemBytes } from './item-writer.ts';
import { LOG_RECORD } from './schema.ts';
import { equalWords, readVarint32, skipValue, skipVarint, WIRE } from './wire.ts';

/** The tag of a log record's event name. */
export const EVENT_NAME_TAG = (LOG_RECORD.eventName.number << 3) | WIRE.delimited;

/** Whether a log record is an event of a name: for those who want to know no more of it. */
export function isEventOfName({ memory, start, end }: ItemBytes, { memory: name }: EncodedText): boolean {
  const { bytes, view } = memory;
  let isNamed = name.bytes.length === 0;
  for (let position = start; position < end; ) {
    const tag = readVarint32(bytes, position);
    const at = skipVarint(bytes, position);
    position = skipValue(bytes, at, tag & 7);
    if (tag !== EVENT_NAME_TAG) continue;
    const from = skipVarint(bytes, at);
    const size = position - from;
    isNamed = size === name.bytes.length && equalWords(view, from, name.view, 0, size);
  }
  return isNamed;
}

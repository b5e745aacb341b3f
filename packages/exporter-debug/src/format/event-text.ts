/** What the lines of flows and of processes have in common. */
import {
  ATTR_CONTAINER_ID,
  ATTR_PROCESS_EXECUTABLE_NAME,
  ATTR_PROCESS_PID,
  type Attributes,
} from '@tributary/core';
import { shortened } from './text.ts';

/** Names of processes, addresses and states are cut off here: a record may hold anything. */
const WORD_LIMIT = 48;
const SHORT_ID_LENGTH = 12;

/** Program and pid, or else the container. */
export function processText(attributes: Attributes): string {
  const name = text(attributes, ATTR_PROCESS_EXECUTABLE_NAME);
  const pid = number(attributes, ATTR_PROCESS_PID);
  if (name !== '' || pid !== undefined) return `${name}${pid === undefined ? '' : `[${pid}]`}`;
  const container = text(attributes, ATTR_CONTAINER_ID).slice(0, SHORT_ID_LENGTH);
  return container === '' ? '-' : container;
}

/** An attribute that is text; empty if there is none. */
export function text(attributes: Attributes, key: string): string {
  return shortened(attributes.getString(key) ?? '', WORD_LIMIT);
}

/** An attribute that is a number. */
export function number(attributes: Attributes, key: string): number | undefined {
  const value = attributes.get(key);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}

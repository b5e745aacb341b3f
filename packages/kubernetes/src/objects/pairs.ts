/**
 * Maps of the API (`map<string, string>`: labels, annotations; `map<string, Quantity>`: resources) as flat arrays, which
 * objects with equal maps share. The API server writes a map's entries one after the other, in the order of their keys, so
 * that equal maps are equal bytes.
 *
 *     entry    := 1: key, string | 2: value, string or Quantity
 *     Quantity := 1: string
 */
import type { Pairs } from '@tributary/core';
import { MalformedError } from '../wire/field-reader.ts';
import { MAX_ENTRIES, type ObjectReader } from './object-reader.ts';

const SLOTS = 1 << 13;

/** No pairs: the one array that all share. */
export const NO_PAIRS: Pairs = Object.freeze([]);

/** What the values of a map are. */
export type MapValue = 'string' | 'quantity';

/** Shares arrays of pairs. Bounded: of arrays with the same hash the latest is known. */
export class PairsCache {
  readonly #slots: (Pairs | undefined)[] = new Array<Pairs | undefined>(SLOTS).fill(undefined);

  /**
   * Reads the entries of the map field that `reader.field` has just named, as many as follow each other. `before` are those
   * that the object had earlier, which is none but in bytes that the API server did not write. The field's tag must be one byte.
   */
  read(reader: ObjectReader, end: number, value: MapValue, before: Pairs): Pairs {
    const start = reader.position;
    const { bytes } = reader;
    const tag = bytes[start - 1];
    const pairs: string[] = [];
    let isSorted = true;
    for (;;) {
      readEntry(reader, end, value, pairs);
      const { length } = pairs;
      if (length > MAX_ENTRIES * 2) throw new MalformedError('a map with too many entries');
      if (length > 2 && pairs[length - 4]! >= pairs[length - 2]!) isSorted = false;
      if (reader.position >= end || bytes[reader.position] !== tag) break;
      reader.field(end);
    }
    if (before.length > 0 || !isSorted) return unique([...before, ...pairs]);
    let hash = value === 'string' ? 1 : 2;
    for (let at = start; at < reader.position; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.#slots[slot];
    if (known !== undefined && arePairsEqual(known, pairs)) return known;
    this.#slots[slot] = pairs;
    return pairs;
  }
}

/** Whether two maps say the same; they have the same order if they came in the API server's. */
export function arePairsEqual(left: Pairs, right: Pairs): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}

function readEntry(reader: ObjectReader, end: number, value: MapValue, pairs: string[]): void {
  const entryEnd = reader.enter(end);
  let key = '';
  let text = '';
  for (let field = reader.field(entryEnd); field !== 0; field = reader.field(entryEnd)) {
    if (field === 1) key = reader.sharedText(entryEnd);
    else if (field === 2)
      text = value === 'string' ? reader.sharedText(entryEnd) : readQuantity(reader, entryEnd);
    else reader.skip(entryEnd);
  }
  pairs.push(key, text);
}

function readQuantity(reader: ObjectReader, end: number): string {
  const quantityEnd = reader.enter(end);
  let text = '';
  for (let field = reader.field(quantityEnd); field !== 0; field = reader.field(quantityEnd)) {
    if (field === 1) text = reader.sharedText(quantityEnd);
    else reader.skip(quantityEnd);
  }
  return text;
}

/** Of several entries with one key the last counts, as protobuf has it. */
function unique(pairs: Pairs): Pairs {
  const values = new Map<string, string>();
  for (let index = 0; index < pairs.length; index += 2) values.set(pairs[index]!, pairs[index + 1]!);
  return [...values].flat();
}

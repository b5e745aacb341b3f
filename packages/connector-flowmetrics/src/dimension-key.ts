/**
 * Puts the dimensions of a record one after the other, as fields of a log record in their shortest form: what a combination
 * is known by, and what its data points are written from. No string is made.
 */
import { Memory } from '@tributary/core';
import type { FlowReader } from './flow-reader.ts';

/** Dimensions that take more than this together are not told apart: their records go to the overflow series. */
export const MAX_KEY_BYTES = 4096;

const WORD_BYTES = 4;

/** The dimensions of the record that is read. */
export class DimensionKey {
  readonly memory = new Memory(Buffer.alloc(MAX_KEY_BYTES + WORD_BYTES));
  /** How many bytes they take. */
  length = 0;
  hash = 0;
  readonly #room = new Memory(this.memory.bytes.subarray(0, MAX_KEY_BYTES));
  /** So that nobody can make up names whose hashes are equal. */
  readonly #seed = (Math.random() * 2 ** 32) | 0;

  /** Takes the dimensions of the record; false if they take too much. An empty value counts as none. */
  take(reader: FlowReader): boolean {
    const { record, dimensions } = reader;
    let at = 0;
    for (let index = 0; index < dimensions.length; index++) {
      const field = dimensions[index]!;
      if (record.isEmpty(field)) continue;
      at = record.copyAttribute(field, this.#room, at);
      if (at < 0) return false;
    }
    this.length = at;
    this.hash = this.#hashOf(at);
    return true;
  }

  /** Whether these are the dimensions. */
  equals({ bytes, view }: Memory): boolean {
    const { length } = this;
    if (bytes.length !== length) return false;
    const own = this.memory.view;
    let at = 0;
    for (; at + WORD_BYTES <= length; at += WORD_BYTES) {
      if (own.getInt32(at, true) !== view.getInt32(at, true)) return false;
    }
    for (; at < length; at++) if (own.getUint8(at) !== view.getUint8(at)) return false;
    return true;
  }

  /** A copy that stays. */
  copy(): Memory {
    return new Memory(Buffer.from(this.memory.bytes.subarray(0, this.length)));
  }

  #hashOf(length: number): number {
    const { bytes, view } = this.memory;
    bytes[length] = 0;
    bytes[length + 1] = 0;
    bytes[length + 2] = 0;
    let hash = this.#seed ^ length;
    for (let at = 0; at < length; at += WORD_BYTES) {
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
      hash = (hash << 15) | (hash >>> 17);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }
}

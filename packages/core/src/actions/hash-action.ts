import { hash } from 'node:crypto';
import type { Attributes } from '../otlp/attributes.ts';
import type { AttributeAction } from './attribute-action.ts';
import type { Pattern } from './pattern.ts';

/** `hash` of one key. */
export class HashKey implements AttributeAction {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  apply(attributes: Attributes): void {
    hashAttribute(attributes, this.#key);
  }
}

/** `hash` of every key that a pattern matches. */
export class HashMatching implements AttributeAction {
  readonly #pattern: Pattern;

  constructor(pattern: Pattern) {
    this.#pattern = pattern;
  }

  apply(attributes: Attributes): void {
    for (const key of attributes.keys()) if (this.#pattern.test(key)) hashAttribute(attributes, key);
  }
}

const NUMBER = new DataView(new ArrayBuffer(8));
const NUMBER_BYTES = new Uint8Array(NUMBER.buffer);

/**
 * Replaces a value by the SHA-256 of it in hexadecimal digits. What is hashed, as in the Collector
 * (internal/coreinternal/attraction/hasher.go): the UTF-8 of a string, one byte 0 or 1 for a boolean, the 64 bits of
 * an integer or a double in little-endian order. A value of any other type becomes the empty string.
 */
function hashAttribute(attributes: Attributes, key: string): void {
  const value = attributes.get(key);
  switch (attributes.typeOf(key)) {
    case undefined:
      return;
    case 'string':
      attributes.set(key, hash('sha256', value as string));
      return;
    case 'bool':
      attributes.set(key, hash('sha256', new Uint8Array([value === true ? 1 : 0])));
      return;
    case 'int':
      NUMBER.setBigInt64(0, BigInt(value as number | bigint), true);
      attributes.set(key, hash('sha256', NUMBER_BYTES));
      return;
    case 'double':
      NUMBER.setFloat64(0, value as number, true);
      attributes.set(key, hash('sha256', NUMBER_BYTES));
      return;
    default:
      attributes.set(key, '');
  }
}

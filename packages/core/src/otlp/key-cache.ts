/** Attribute keys in UTF-8. Pipelines ask for the same few keys for every record, so their bytes are kept. */

import { Memory } from './memory.ts';

/** When so many keys are kept, all are forgotten: what is used comes back, what came from the data does not. */
const MAX_KEYS = 1024;
const MAX_KEY_CHARACTERS = 256;

const cache = new Map<string, Memory>();

/** The bytes of a key. They are shared: not to be written to. */
export function encodeKey(key: string): Memory {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const encoded = new Memory(Buffer.from(key));
  if (key.length > MAX_KEY_CHARACTERS) return encoded;
  if (cache.size >= MAX_KEYS) cache.clear();
  cache.set(key, encoded);
  return encoded;
}

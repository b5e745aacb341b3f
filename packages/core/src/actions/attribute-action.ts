import type { Attributes } from '../otlp/attributes.ts';
import type { BatchMeta } from '../otlp/batch-meta.ts';

/** One action, with everything that the configuration says already decided. Called once per item: no allocation. */
export interface AttributeAction {
  /** Edits `attributes`; `meta` tells of the client that sent them. */
  apply(attributes: Attributes, meta: BatchMeta): void;
}

/** When an action that writes an attribute does so: if the key is missing, if it is there, or always. */
export type WriteMode = 'insert' | 'update' | 'upsert';

/** Tells whether an action of this mode may write `key`. */
export function mayWrite(mode: WriteMode, attributes: Attributes, key: string): boolean {
  return mode === 'upsert' || attributes.has(key) === (mode === 'update');
}

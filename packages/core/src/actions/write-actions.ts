import type { AnyValue, DoubleValue } from '../otlp/any-value.ts';
import type { Attributes } from '../otlp/attributes.ts';
import type { BatchMeta } from '../otlp/batch-meta.ts';
import { type AttributeAction, mayWrite, type WriteMode } from './attribute-action.ts';

/** A value that the configuration can hold. */
export type ConfigValue = AnyValue | DoubleValue;

/** `value`: writes what the configuration says. */
export class WriteValue implements AttributeAction {
  readonly #mode: WriteMode;
  readonly #key: string;
  readonly #value: ConfigValue;

  constructor(mode: WriteMode, key: string, value: ConfigValue) {
    this.#mode = mode;
    this.#key = key;
    this.#value = value;
  }

  apply(attributes: Attributes): void {
    if (mayWrite(this.#mode, attributes, this.#key)) attributes.set(this.#key, this.#value);
  }
}

/** `from_attribute`: copies another attribute of the same item, or writes the default where it is missing. */
export class CopyAttribute implements AttributeAction {
  readonly #mode: WriteMode;
  readonly #key: string;
  readonly #from: string;
  readonly #defaultValue: ConfigValue | undefined;

  constructor(mode: WriteMode, key: string, from: string, defaultValue: ConfigValue | undefined) {
    this.#mode = mode;
    this.#key = key;
    this.#from = from;
    this.#defaultValue = defaultValue;
  }

  apply(attributes: Attributes): void {
    if (!mayWrite(this.#mode, attributes, this.#key)) return;
    if (attributes.copy(this.#from, this.#key) || this.#defaultValue === undefined) return;
    attributes.set(this.#key, this.#defaultValue);
  }
}

/** `from_context`: writes what is known of the client, or the default where nothing is. */
export class WriteContext implements AttributeAction {
  readonly #mode: WriteMode;
  readonly #key: string;
  readonly #read: (meta: BatchMeta) => string | undefined;
  readonly #defaultValue: ConfigValue | undefined;

  constructor(mode: WriteMode, key: string, context: string, defaultValue: ConfigValue | undefined) {
    this.#mode = mode;
    this.#key = key;
    this.#read = contextReader(context);
    this.#defaultValue = defaultValue;
  }

  apply(attributes: Attributes, meta: BatchMeta): void {
    const value = this.#read(meta) ?? this.#defaultValue;
    if (value !== undefined && mayWrite(this.#mode, attributes, this.#key)) attributes.set(this.#key, value);
  }
}

/**
 * What a `from_context` setting reads, in the Collector's terms: `client.address` (empty where there is no client, as
 * with data that the machine itself gave), else a request header, whose name may follow `metadata.`.
 */
function contextReader(context: string): (meta: BatchMeta) => string | undefined {
  if (context === 'client.address') return (meta) => meta.peerAddress ?? '';
  const name = (context.startsWith('metadata.') ? context.slice('metadata.'.length) : context).toLowerCase();
  return (meta) => {
    const values = meta.metadata?.get(name);
    return values === undefined || values.length === 0 ? undefined : values.join(';');
  };
}

import { type AnyValue, EncodedAttributes, type Memory } from '@tributary/core';
import type { Side } from './sides.ts';

/** Attributes of an end, by names without a prefix, encoded for either side when they are first asked for there. */
export class SidedAttributes {
  readonly attributes: Readonly<Record<string, AnyValue>>;
  #source: EncodedAttributes | undefined;
  #destination: EncodedAttributes | undefined;
  #sourceFields: Memory | undefined;
  #destinationFields: Memory | undefined;

  constructor(attributes: Readonly<Record<string, AnyValue>>) {
    this.attributes = attributes;
  }

  /** The attributes as those of one side. */
  encoded(side: Side): EncodedAttributes {
    if (side === 'source') {
      this.#source ??= this.#encode(side);
      return this.#source;
    }
    this.#destination ??= this.#encode(side);
    return this.#destination;
  }

  /** The same as fields of a log record. */
  fields(side: Side): Memory {
    if (side === 'source') {
      this.#sourceFields ??= this.encoded(side).fieldsOf('logRecord');
      return this.#sourceFields;
    }
    this.#destinationFields ??= this.encoded(side).fieldsOf('logRecord');
    return this.#destinationFields;
  }

  #encode(side: Side): EncodedAttributes {
    return new EncodedAttributes(
      Object.entries(this.attributes).map(([name, value]) => [`${side}.${name}`, value] as const),
    );
  }
}

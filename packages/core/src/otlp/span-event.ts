/** The events of spans: views over the bytes, whose setters edit the batch. */
import { type Attributes, AttributesView } from './attributes.ts';
import { getFixed64, getString, getUint32, setFixed64, setString, setUint32 } from './fields.ts';
import { drop, type MessageNode } from './message.ts';
import { EVENT } from './schema.ts';

/** Something that happened during a span. */
export class SpanEvent {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  get timeUnixNano(): bigint {
    return getFixed64(this.#node, EVENT.timeUnixNano);
  }

  set timeUnixNano(value: bigint) {
    setFixed64(this.#node, EVENT.timeUnixNano, value);
  }

  get name(): string {
    return getString(this.#node, EVENT.name);
  }

  set name(value: string) {
    setString(this.#node, EVENT.name, value);
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, EVENT.attributes.number);
  }

  /** How many attributes the sender left out. */
  get droppedAttributesCount(): number {
    return getUint32(this.#node, EVENT.droppedAttributesCount);
  }

  set droppedAttributesCount(value: number) {
    setUint32(this.#node, EVENT.droppedAttributesCount, value);
  }

  /** Removes the event from its span. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}

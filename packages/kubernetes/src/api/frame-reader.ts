/**
 * Reads the frames of a watch while they arrive:
 *
 *     frame       := uint32 length, big endian; then a meta.v1.WatchEvent
 *     WatchEvent  := 1: string type (ADDED, MODIFIED, DELETED, BOOKMARK, ERROR), 2: RawExtension object
 *     RawExtension := 1: bytes raw, which is an envelope (envelope.ts)
 */
import { FieldReader, MalformedError } from '../wire/field-reader.ts';
import { openEnvelope } from './envelope.ts';
import { Inflow } from './inflow.ts';
import { MAX_OBJECT_BYTES } from './limits.ts';

const LENGTH_BYTES = 4;
const EVENT = { type: 1, object: 2 } as const;
const RAW = 1;

/** Takes an event: its type, the kind of its object and the object's message, which is valid during the call. */
export type EventTaker = (type: string, kind: string, object: Buffer) => void;

/** The body of one watch. */
export class FrameReader {
  readonly #take: EventTaker;
  readonly #inflow = new Inflow();
  readonly #reader = new FieldReader();

  constructor(take: EventTaker) {
    this.#take = take;
  }

  /** Whether a frame has begun and not ended: not at the end of a whole watch. */
  get isWithinFrame(): boolean {
    return this.#inflow.length > 0;
  }

  /** Takes in what has arrived. Throws a MalformedError. */
  push(chunk: Uint8Array): void {
    this.#inflow.append(chunk);
    while (this.#inflow.length >= LENGTH_BYTES) {
      const { bytes, start } = this.#inflow;
      const length = bytes.readUInt32BE(start);
      if (length > MAX_OBJECT_BYTES) {
        throw new MalformedError(`an event has ${length} bytes, more than ${MAX_OBJECT_BYTES}`);
      }
      if (this.#inflow.length < LENGTH_BYTES + length) return;
      this.#readEvent(bytes, start + LENGTH_BYTES, start + LENGTH_BYTES + length);
      this.#inflow.consume(LENGTH_BYTES + length);
    }
  }

  #readEvent(bytes: Buffer, start: number, end: number): void {
    const reader = this.#reader;
    let type = '';
    let from = end;
    let to = end;
    reader.begin(bytes, start);
    for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
      if (field === EVENT.type) type = reader.anyText(end);
      else if (field === EVENT.object) {
        const extensionEnd = reader.enter(end);
        for (let inner = reader.field(extensionEnd); inner !== 0; inner = reader.field(extensionEnd)) {
          if (inner === RAW) {
            to = reader.enter(extensionEnd);
            from = reader.position;
            reader.position = to;
          } else reader.skip(extensionEnd);
        }
      } else reader.skip(end);
    }
    const { kind, object } = openEnvelope(bytes, from, to);
    this.#take(type, kind, object);
  }
}

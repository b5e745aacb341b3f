import { Memory } from '@tributary/core';

/** Small pieces lie side by side in pieces of memory of this size, so that few objects stand between them and who copies them. */
const SEGMENT_BYTES = 256 * 1024;

/** Encoded bytes that are kept together and let go together. */
export class Arena {
  /** Where the piece that was placed last lies. */
  memory = new Memory(Buffer.alloc(0));
  from = 0;
  to = 0;
  #bytes = 0;

  /** How much memory it takes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Copies a piece; `memory`, `from` and `to` say where it lies. */
  place({ bytes }: Memory): void {
    if (this.memory.bytes.length - this.to < bytes.length) {
      const size = Math.max(SEGMENT_BYTES, bytes.length);
      this.memory = new Memory(Buffer.allocUnsafeSlow(size));
      this.to = 0;
      this.#bytes += size;
    }
    this.from = this.to;
    this.to += bytes.copy(this.memory.bytes, this.from);
  }
}

import { copyWords } from './wire.ts';

/** Bytes with the two ways of looking at them: a Buffer for native copies, a view for four or eight at a time. */
export class Memory {
  readonly bytes: Buffer;
  readonly view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** Up to this size copying by words is cheaper than a native call, which costs some 50 ns. */
const WORDS_BYTES = 224;

/** Copies bytes from one memory to another. */
export function copyRange(source: Memory, from: number, target: Memory, to: number, length: number): void {
  if (length > WORDS_BYTES) source.bytes.copy(target.bytes, to, from, from + length);
  else copyWords(source.view, from, target.view, to, length);
}

/** The memory of messages that have no bytes of their own. */
export const NO_MEMORY = new Memory(Buffer.alloc(0));

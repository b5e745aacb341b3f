import { Memory } from './memory.ts';

/** A string whose bytes are compared with those of values: made once. */
export class EncodedText {
  readonly text: string;
  readonly memory: Memory;

  constructor(text: string) {
    this.text = text;
    this.memory = new Memory(Buffer.from(text));
  }
}

/**
 * Writes the items of a request that are edited, one after the other, each with its header:
 *
 *     block:  [item][item][item] | header, body of the item that is open | free
 *
 * The first edit of an item writes it with the edit into the block, a second from there into the draft, a third back into
 * the block: an edit makes no objects that live on, and an item that is edited once is copied once.
 */
import { madeBuffers } from '../process/young-buffers.ts';
import { KEY_TAG } from './key-value.ts';
import { copyRange, Memory, NO_MEMORY } from './memory.ts';
import { type ByteRange, type Cuts, MessageNode } from './message.ts';
import { varintSize, WIRE, writeVarint } from './wire.ts';

/** The size of a block, unless the request is smaller or an item larger. */
const BLOCK_BYTES = 256 * 1024;
/** The size of the draft; an item that is larger gets one of its own. */
const DRAFT_BYTES = 16 * 1024;

/** An item of a request, for those who read its bytes themselves. Of use only during the call that it is given to. */
export interface ItemBytes {
  /** Where its fields lie, without its own tag and length: never to be written to, and elsewhere after an edit. */
  readonly memory: Memory;
  readonly start: number;
  readonly end: number;
  /**
   * Puts whole fields of the item's message at its end, such as `EncodedAttributes.fieldsOf` gives. They are written when the call is
   * over, all at once; until then the item stays as it is. The bytes must not change until then.
   */
  append(fields: Memory): void;
  /** Puts fields that lie between two positions of a memory at the item's end. */
  appendRange(memory: Memory, from: number, to: number): void;
}

/** The item that is open, as a node without parts: see the head of this file. */
export class ItemWriter extends MessageNode implements ItemBytes {
  readonly #request: Memory;
  /** The tag of the item that is open. */
  #tag = 0;
  #block = NO_MEMORY;
  /** Up to where the block holds items that are closed. */
  #used = 0;
  #draft = NO_MEMORY;
  /** What `append` was given since the item was opened. */
  readonly #appended: Memory[] = [];
  readonly #appendedFrom: number[] = [];
  readonly #appendedTo: number[] = [];
  #appendedCount = 0;
  #appendedSize = 0;

  constructor(request: Memory) {
    super(undefined, 0, NO_MEMORY, 0, 0, 0);
    this.#request = request;
  }

  /** Where the last item that was written lies, its header included. */
  get block(): Memory {
    return this.#block;
  }

  /** The position in `block` after the last item that was closed. */
  get used(): number {
    return this.#used;
  }

  /** Opens an item of the request, whose body lies between `start` and `end`. */
  open(field: number, start: number, end: number): void {
    this.#tag = (field << 3) | WIRE.delimited;
    this.memory = this.#request;
    this.start = start;
    this.end = end;
  }

  append(fields: Memory): void {
    this.appendRange(fields, 0, fields.bytes.length);
  }

  appendRange(memory: Memory, from: number, to: number): void {
    if (from === to) return;
    const index = this.#appendedCount++;
    this.#appended[index] = memory;
    this.#appendedFrom[index] = from;
    this.#appendedTo[index] = to;
    this.#appendedSize += to - from;
  }

  /** Closes the item; returns how many bytes were written, 0 if it was not edited. */
  close(): number {
    if (this.#appendedCount > 0) this.#writeAppended();
    if (this.memory === this.#request) return 0;
    if (this.memory !== this.#block) {
      const { memory, start, end } = this;
      const position = this.#place(end - start);
      copyRange(memory, start, this.#block, position, end - start);
    }
    const written = this.end - this.#used;
    this.#used = this.end;
    return written;
  }

  /** What `applyCuts` does for other nodes: removes the cuts and puts `replacement` in the place of the one numbered `at`. */
  splice(cuts: Cuts, replacement: ByteRange | undefined, at: number): void {
    const { memory, start, end } = this;
    let size = end - start + (replacement === undefined ? 0 : replacement.to - replacement.from);
    for (let index = 0; index < cuts.count; index++) size -= cuts.to(index) - cuts.from(index);
    let position = this.#placeNext(size);
    const target = this.memory;
    let from = start;
    for (let index = 0; index < cuts.count; index++) {
      position = copy(memory, from, cuts.from(index), target, position);
      if (index === at) position = copyAll(replacement, target, position);
      from = cuts.to(index);
    }
    position = copy(memory, from, end, target, position);
    if (at === -1) copyAll(replacement, target, position);
  }

  /** Gives the attribute whose tag stands at `attribute`, and whose key ends at `keyEnd`, another key. */
  replaceKey(field: number, attribute: number, keyEnd: number, attributeEnd: number, key: Memory): void {
    const { memory, start, end } = this;
    const keySize = key.bytes.length;
    const attributeSize = 1 + varintSize(keySize) + keySize + attributeEnd - keyEnd;
    const headSize = 1 + varintSize(attributeSize) + attributeSize - (attributeEnd - keyEnd);
    const before = attribute - start;
    let position = this.#placeNext(before + headSize + end - keyEnd);
    const target = this.memory;
    copyRange(memory, start, target, position, before);
    position += before;
    target.bytes[position] = (field << 3) | WIRE.delimited;
    position = writeVarint(target.bytes, position + 1, attributeSize);
    target.bytes[position] = KEY_TAG;
    position = writeVarint(target.bytes, position + 1, keySize);
    copyRange(key, 0, target, position, keySize);
    copyRange(memory, keyEnd, target, position + keySize, end - keyEnd);
  }

  #writeAppended(): void {
    const { memory, start, end } = this;
    let position = this.#placeNext(end - start + this.#appendedSize);
    const target = this.memory;
    position = copy(memory, start, end, target, position);
    for (let index = 0; index < this.#appendedCount; index++) {
      position = copy(
        this.#appended[index]!,
        this.#appendedFrom[index]!,
        this.#appendedTo[index]!,
        target,
        position,
      );
    }
    this.#appendedCount = 0;
    this.#appendedSize = 0;
  }

  /** Makes room for the body after an edit, where the body now is not. */
  #placeNext(size: number): number {
    return this.memory === this.#block ? this.#placeInDraft(size) : this.#place(size);
  }

  /** Makes room in the block for a body of so many bytes, whose header is written; the node stands for it from now on. */
  #place(size: number): number {
    const headerSize = 1 + varintSize(size);
    if (this.#block.bytes.length - this.#used < headerSize + size) this.#nextBlock(headerSize + size);
    const { bytes } = this.#block;
    bytes[this.#used] = this.#tag;
    return this.#standFor(this.#block, writeVarint(bytes, this.#used + 1, size), size);
  }

  #placeInDraft(size: number): number {
    if (size > this.#draft.bytes.length) {
      this.#draft = new Memory(Buffer.allocUnsafeSlow(Math.max(size, DRAFT_BYTES)));
    }
    return this.#standFor(this.#draft, 0, size);
  }

  #standFor(memory: Memory, start: number, size: number): number {
    this.memory = memory;
    this.start = start;
    this.end = start + size;
    return start;
  }

  #nextBlock(size: number): void {
    const blockSize = Math.max(Math.min(this.#request.bytes.length, BLOCK_BYTES), size);
    this.#block = new Memory(Buffer.allocUnsafeSlow(blockSize));
    madeBuffers(blockSize);
    this.#used = 0;
  }
}

function copy(source: Memory, from: number, to: number, target: Memory, position: number): number {
  copyRange(source, from, target, position, to - from);
  return position + to - from;
}

function copyAll(range: ByteRange | undefined, target: Memory, position: number): number {
  return range === undefined ? position : copy(range.memory, range.from, range.to, target, position);
}

/** Address ranges as they are gathered, and how they are cut into pieces that do not overlap: see prefix-map.ts. */

const INITIAL_ROWS = 1024;
const WORD_BITS = 32;

/** No range. */
const NOTHING = -1;

/** Where the value changes: the keys in order, most significant word first, and the value from each on; -1 for none. */
export interface Pieces {
  readonly words: readonly Uint32Array[];
  readonly values: Int32Array;
}

/** The ranges of one family, in growing arrays. */
export class RangeList {
  #words: Uint32Array[];
  #lengths = new Uint8Array(INITIAL_ROWS);
  #values = new Int32Array(INITIAL_ROWS);
  #count = 0;

  /** `words` of 32 bits make an address. */
  constructor(words: number) {
    this.#words = Array.from({ length: words }, () => new Uint32Array(INITIAL_ROWS));
  }

  /** Adds the range of this length that begins at `start`. */
  add(start: Uint32Array, length: number, value: number): void {
    if (this.#count === this.#values.length) this.#grow();
    for (let word = 0; word < this.#words.length; word++) this.#words[word]![this.#count] = start[word]!;
    this.#lengths[this.#count] = length;
    this.#values[this.#count++] = value;
  }

  /**
   * Cuts the ranges into pieces. In the order of their beginnings, the wider first, those around a range are a stack. Of each
   * range that was added again `onDuplicate` is told.
   */
  flatten(onDuplicate: (value: number, first: number) => void): Pieces {
    const words = this.#words.length;
    const out = new PieceList(words, 2 * this.#count);
    const around = new RangeStack(words);
    const start = new Uint32Array(words);
    let before = NOTHING;
    for (const row of this.#order()) {
      const value = this.#values[row]!;
      if (before !== NOTHING && this.#compare(before, row) === 0) {
        onDuplicate(value, this.#values[before]!);
        continue;
      }
      before = row;
      for (let word = 0; word < words; word++) start[word] = this.#words[word]![row]!;
      while (around.endsBefore(start)) around.pop(out);
      out.push(start, 0, value);
      around.push(start, this.#lengths[row]!, value);
    }
    while (around.depth > 0) around.pop(out);
    return out.finish();
  }

  /** The rows in the order of their beginnings, the wider before the narrower, and equal ones as they were added. */
  #order(): Uint32Array {
    const count = this.#count;
    const first = this.#words[0]!;
    // By the first word and the row as one integer (little endian): sorting numbers is native and needs no calls.
    const pairs = new BigUint64Array(count);
    const halves = new Uint32Array(pairs.buffer);
    for (let row = 0; row < count; row++) {
      halves[2 * row] = row;
      halves[2 * row + 1] = first[row]!;
    }
    pairs.sort();
    const rows = new Uint32Array(count);
    for (let index = 0; index < count; index++) rows[index] = halves[2 * index]!;
    const compare = (left: number, right: number): number => this.#compare(left, right) || left - right;
    for (let from = 0; from < count; ) {
      let to = from + 1;
      while (to < count && first[rows[to]!] === first[rows[from]!]) to++;
      if (to > from + 1) rows.subarray(from, to).sort(compare);
      from = to;
    }
    return rows;
  }

  #compare(left: number, right: number): number {
    for (let word = 0; word < this.#words.length; word++) {
      const words = this.#words[word]!;
      if (words[left]! !== words[right]!) return words[left]! - words[right]!;
    }
    return this.#lengths[left]! - this.#lengths[right]!;
  }

  #grow(): void {
    const size = this.#count * 2;
    this.#words = this.#words.map((words) => grown(words, new Uint32Array(size)));
    this.#lengths = grown(this.#lengths, new Uint8Array(size));
    this.#values = grown(this.#values, new Int32Array(size));
  }
}

/** The ranges around the one that was met last, from the widest to the narrowest. */
class RangeStack {
  /** How many there are. */
  depth = 0;
  readonly #size: number;
  /** The first address after each; zeros if there is none. */
  readonly #ends: Uint32Array;
  readonly #values: Int32Array;

  constructor(words: number) {
    this.#size = words;
    const deepest = words * WORD_BITS + 1;
    this.#ends = new Uint32Array(words * deepest);
    this.#values = new Int32Array(deepest);
  }

  push(start: Uint32Array, length: number, value: number): void {
    const at = this.depth * this.#size;
    this.#ends.set(start, at);
    this.#values[this.depth++] = value;
    if (length === 0) return;
    let word = Math.ceil(length / WORD_BITS) - 1;
    let carry = 2 ** (WORD_BITS * (word + 1) - length);
    for (; word >= 0 && carry > 0; word--) {
      const sum = this.#ends[at + word]! + carry;
      this.#ends[at + word] = sum;
      carry = sum >= 2 ** WORD_BITS ? 1 : 0;
    }
  }

  /** Whether the narrowest ends at or before `start`. */
  endsBefore(start: Uint32Array): boolean {
    if (this.depth === 0 || this.#isEndless()) return false;
    const at = (this.depth - 1) * this.#size;
    for (let word = 0; word < this.#size; word++) {
      const end = this.#ends[at + word]!;
      if (end !== start[word]!) return end < start[word]!;
    }
    return true;
  }

  /** Leaves the narrowest: from its end on, the value is that of the next around it. */
  pop(out: PieceList): void {
    const isEndless = this.#isEndless();
    this.depth--;
    if (!isEndless)
      out.push(this.#ends, this.depth * this.#size, this.depth > 0 ? this.#values[this.depth - 1]! : NOTHING);
  }

  /** Whether the narrowest goes on to the last address. */
  #isEndless(): boolean {
    const at = (this.depth - 1) * this.#size;
    for (let word = 0; word < this.#size; word++) if (this.#ends[at + word] !== 0) return false;
    return true;
  }
}

/** Pieces as they are made, in the order of their keys. */
class PieceList {
  readonly #words: Uint32Array[];
  readonly #values: Int32Array;
  #count = 0;

  constructor(words: number, room: number) {
    this.#words = Array.from({ length: words }, () => new Uint32Array(room));
    this.#values = new Int32Array(room);
  }

  /** The value is this from the key on that lies at `at` of `keys`. A later one at the same key takes the place of an earlier one. */
  push(keys: Uint32Array, at: number, value: number): void {
    if (this.#count > 0 && this.#isLast(keys, at)) this.#count--;
    if (this.#count > 0 && this.#values[this.#count - 1] === value) return;
    for (let word = 0; word < this.#words.length; word++) this.#words[word]![this.#count] = keys[at + word]!;
    this.#values[this.#count++] = value;
  }

  finish(): Pieces {
    const count = this.#count;
    return { words: this.#words.map((words) => words.slice(0, count)), values: this.#values.slice(0, count) };
  }

  #isLast(keys: Uint32Array, at: number): boolean {
    for (let word = 0; word < this.#words.length; word++) {
      if (this.#words[word]![this.#count - 1] !== keys[at + word]) return false;
    }
    return true;
  }
}

function grown<T extends Uint32Array | Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

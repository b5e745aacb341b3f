import type { HeaderField } from './header-field.ts';

/** The dynamic table of one direction of a connection, RFC 7541 section 2.3.2: the newest entry has index 0 here. */
export class DynamicTable {
  /** Oldest first, from `#first` on. */
  #fields: HeaderField[] = [];
  #first = 0;
  #size = 0;
  #maxSize: number;
  #generation = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get length(): number {
    return this.#fields.length - this.#first;
  }

  /** The sum of the sizes of its entries, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Another number after every change: while it is the same, an index means the same field. */
  get generation(): number {
    return this.#generation;
  }

  get(index: number): HeaderField | undefined {
    return index < this.length ? this.#fields[this.#fields.length - 1 - index] : undefined;
  }

  /** Adds an entry; those that it leaves no room for are gone. One larger than the table empties it. */
  add(field: HeaderField): void {
    this.#generation += 1;
    this.#evict(this.#maxSize - field.size);
    if (field.size > this.#maxSize) return;
    this.#fields.push(field);
    this.#size += field.size;
  }

  /** Bounds the table anew. */
  resize(maxSize: number): void {
    this.#generation += 1;
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  #evict(room: number): void {
    while (this.#size > room && this.length > 0) {
      this.#size -= this.#fields[this.#first]!.size;
      this.#first += 1;
    }
    // What is gone is let go of when it is the larger part, so that evicting costs the same however long the table is.
    if (this.#first > 32 && this.#first * 2 > this.#fields.length) {
      this.#fields = this.#fields.slice(this.#first);
      this.#first = 0;
    }
  }
}

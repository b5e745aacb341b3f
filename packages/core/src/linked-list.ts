/**
 * Items in the order in which they came, each of which can be taken out wherever it stands. The neighbours are kept in the
 * items: nothing is made for one that comes or goes.
 *
 * A `Set` that items come to and go from without end makes itself anew every few of them, and each table that V8 has moved to its
 * old space by then holds the next one, with what was in it, until a collection of the whole heap (docs/decisions/0013).
 */

/** What may stand in one list at a time. Both are the list's to write. */
export interface Linked<Item> {
  previous: Item | undefined;
  next: Item | undefined;
}

export class LinkedList<Item extends Linked<Item>> {
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;

  /** The one that came first of those that are left. */
  get first(): Item | undefined {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether an item is in the list. It must be in no other. */
  has(item: Item): boolean {
    return item.previous !== undefined || this.#first === item;
  }

  /** Adds an item that is in no list. */
  add(item: Item): void {
    item.previous = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#size += 1;
  }

  /** Takes an item out; false if it is not in the list. It must be in no other. */
  delete(item: Item): boolean {
    if (!this.has(item)) return false;
    const { previous, next } = item;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // One that is gone holds nobody.
    item.previous = undefined;
    item.next = undefined;
    this.#size -= 1;
    return true;
  }

  /** The items as they are now. */
  toArray(): Item[] {
    const items: Item[] = [];
    for (let item = this.#first; item !== undefined; item = item.next) items.push(item);
    return items;
  }
}

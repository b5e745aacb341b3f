/**
 * Strings that many objects have (namespaces, nodes, images, keys of labels), each made once: a new one is looked for by its
 * bytes, so that what is known already costs neither memory nor a call into native code. Of bounded size: what has not been seen for long
 * is forgotten, and then made once more.
 */

/** Two places for each hash; some 16,000 strings are enough for the objects that a list has next to each other. */
const SLOTS = 1 << 14;

/** ASCII texts by their bytes. */
export class TextCache {
  readonly #slots: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined);

  /** The string of a range of bytes; undefined if they are not ASCII. */
  get(bytes: Buffer, start: number, end: number): string | undefined {
    let hash = end - start;
    let bits = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      hash = Math.imul(hash ^ byte, 0x0100_0193);
      bits |= byte;
    }
    if (bits > 0x7f) return undefined;
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 2);
    const first = this.#slots[slot];
    if (first !== undefined && isText(first, bytes, start, end)) return first;
    const second = this.#slots[slot + 1];
    if (second !== undefined && isText(second, bytes, start, end)) {
      this.#slots[slot] = second;
      this.#slots[slot + 1] = first;
      return second;
    }
    const text = bytes.toString('latin1', start, end);
    this.#slots[slot + 1] = first;
    this.#slots[slot] = text;
    return text;
  }
}

/** Whether a text is what a range of bytes spells, in ASCII. */
export function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = start, index = 0; at < end; at++, index++) {
    if (text.charCodeAt(index) !== bytes[at]) return false;
  }
  return true;
}

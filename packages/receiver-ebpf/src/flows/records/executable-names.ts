/** Processes whose names are kept; when there are more, it begins anew. */
const MAX_PROCESSES = 4096;

interface KnownName {
  readonly words: Uint32Array;
  readonly text: string;
}

/** The names of programs, made into strings once for each process and program instead of for each record. */
export class ExecutableNames {
  readonly #known = new Map<number, KnownName>();
  readonly #nameBytes: number;

  /** `nameBytes` is the length of a name's field in the records, a multiple of four. */
  constructor(nameBytes: number) {
    this.#nameBytes = nameBytes;
  }

  /** The name at `offset`, of what the process `pid` runs; empty if there is none. */
  read(pid: number, view: DataView, offset: number): string {
    const known = this.#known.get(pid);
    if (known !== undefined && isSame(known.words, view, offset)) return known.text;
    const words = new Uint32Array(this.#nameBytes / 4);
    for (let word = 0; word < words.length; word += 1) words[word] = view.getUint32(offset + word * 4, true);
    const text = nameText(view, offset, this.#nameBytes);
    if (this.#known.size >= MAX_PROCESSES) this.#known.clear();
    this.#known.set(pid, { words, text });
    return text;
  }
}

function isSame(words: Uint32Array, view: DataView, offset: number): boolean {
  for (let word = 0; word < words.length; word += 1) {
    if (words[word] !== view.getUint32(offset + word * 4, true)) return false;
  }
  return true;
}

/** A name that was cut in the middle of a character, or is no UTF-8, gets U+FFFD there. */
function nameText(view: DataView, offset: number, length: number): string {
  const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, length);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? length : end);
}

const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines of JSON. A line is bounded; one that is no JSON gives undefined. */
export class JsonLines {
  /** An event carries all labels of its container; more than this is none. */
  static readonly MAX_BYTES = 1024 * 1024;
  readonly #take: (value: unknown) => void;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(take: (value: unknown) => void) {
    this.#take = take;
  }

  /** Adds what has come; false if a line is too long, after which nothing more should be added. */
  add(chunk: Buffer): boolean {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (this.#size + end - start > JsonLines.MAX_BYTES) return false;
      this.#line(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#pieces.push(chunk.subarray(start));
      this.#size += chunk.length - start;
    }
    return this.#size <= JsonLines.MAX_BYTES;
  }

  #line(last: Buffer): void {
    const line = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#size = 0;
    const text = line.toString('utf8').trim();
    if (text !== '') this.#take(parse(text));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

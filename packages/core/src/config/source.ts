/** A place in a source, counted from 1, columns in UTF-16 units as editors count them. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What a `Source` is made of. */
export interface SourceOptions {
  /** How users know it: the path as they gave it, `env:NAME`, `--set a.b=…`. Never holds a value. */
  readonly name: string;
  readonly text: string;
  /** The folder against which the paths that it names are resolved. */
  readonly dir: string;
  /** False for a text of one line that has no place in a file, such as that of `--set`. */
  readonly hasLines?: boolean;
}

/** A text that configuration came from. */
export class Source {
  readonly name: string;
  readonly text: string;
  readonly dir: string;
  readonly hasLines: boolean;
  #lineStarts: number[] | undefined;

  constructor({ name, text, dir, hasLines = true }: SourceOptions) {
    this.name = name;
    // A byte order mark would shift the columns of the first line.
    this.text = text.replace(/^\uFEFF/, '');
    this.dir = dir;
    this.hasLines = hasLines;
  }

  /** The line and column of an offset into the text. */
  position(offset: number): Position {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] as number) + 1 };
  }

  /** A line without its line break; empty beyond the end. */
  line(line: number): string {
    const starts = this.#starts();
    const start = starts[line - 1];
    if (start === undefined) return '';
    return this.text.slice(start, starts[line] ?? this.text.length).replace(/\r?\n$/, '');
  }

  #starts(): number[] {
    if (this.#lineStarts === undefined) {
      this.#lineStarts = [0];
      for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1)) {
        this.#lineStarts.push(at + 1);
      }
    }
    return this.#lineStarts;
  }
}

/** Where a key or a value of the configuration stands. */
export interface Origin {
  readonly source: Source;
  /** Offsets into the source's text; the end is exclusive. */
  readonly start: number;
  readonly end: number;
}

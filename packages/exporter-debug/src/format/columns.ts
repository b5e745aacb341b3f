/** What one column is: never narrower than `min`, never padded beyond `max`. */
export interface ColumnWidth {
  readonly min: number;
  readonly max: number;
}

/**
 * Keeps lines aligned that are written one after another: each column is as wide as the widest text that it held so far,
 * within its limits, so that it settles after a few lines and one very long text does not push everything away.
 */
export class Columns {
  readonly #limits: readonly ColumnWidth[];
  readonly #widths: number[];

  constructor(limits: readonly ColumnWidth[]) {
    this.#limits = limits;
    this.#widths = limits.map(({ min }) => min);
  }

  /** Two spaces between columns; texts beyond the last column follow unpadded, empty ones are left out. */
  line(texts: readonly string[]): string {
    const cells = texts.map((text, column) => {
      const limit = this.#limits[column];
      if (limit === undefined) return text;
      const width = Math.max(this.#widths[column] as number, Math.min(text.length, limit.max));
      this.#widths[column] = width;
      return text.padEnd(width);
    });
    return cells
      .filter((cell) => cell !== '')
      .join('  ')
      .trimEnd();
  }
}

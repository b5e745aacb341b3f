/** What a table is read into: rows, and what is wrong with those that are of no use. */
/** A value of a table: of CSV always a string. */
export type Cell = string | number | boolean | readonly (string | number | boolean)[];

/** A row, whose cells are told by the names of columns; undefined where there is nothing. */
export interface Row {
  /** Where it stands: `line 12`, of what has no lines `row 12`. */
  readonly where: string;
  /** What is wrong with the row as a whole. */
  readonly problem?: string;
  readonly cell: (column: string) => unknown;
}

/** A table that is of no use as a whole; the text says why and what to do. */
export class UnusableTable extends Error {}

/** Longer values are none. */
const MAX_CHARACTERS = 1024;
/** More values in one cell are none. */
const MAX_VALUES = 1024;

/** The cell of a row; undefined if it is empty. Throws a text that says what is wrong with it. */
export function cellOf(row: Row, column: string): Cell | undefined {
  const value = row.cell(column);
  if (value === undefined || value === null || value === '') return undefined;
  if (Array.isArray(value)) {
    if (value.length > MAX_VALUES)
      throw new UnusableRow(`"${column}" has ${value.length} values, more than ${MAX_VALUES}`);
    const scalars = value.map((one) => scalarOf(one, column));
    return scalars.length === 0 ? undefined : scalars;
  }
  const scalar = scalarOf(value, column);
  return scalar === '' ? undefined : scalar;
}

/** The values of a cell as texts: what is compared. */
export function textsOf(cell: Cell): readonly string[] {
  return typeof cell === 'object' ? cell.map(String) : [String(cell)];
}

/** A row that is of no use; the text says why. */
export class UnusableRow extends Error {}

function scalarOf(value: unknown, column: string): string | number | boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw new UnusableRow(`"${column}" is no number that can be told`);
  }
  if (typeof value !== 'string') throw new UnusableRow(`"${column}" is neither a text nor a number`);
  if (value.length > MAX_CHARACTERS) {
    throw new UnusableRow(`"${column}" has ${value.length} characters, more than ${MAX_CHARACTERS}`);
  }
  return value.trim();
}

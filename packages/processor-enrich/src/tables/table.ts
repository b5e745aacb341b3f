/** One table as it was read: never changed, but replaced by another. */
import { setImmediate } from 'node:timers/promises';
import { type AddressKey, type PrefixMap, PrefixMapBuilder, parsePrefix } from '@tributary/core';
import type { AddedAttributes, EndFacts } from '../end-facts.ts';
import type { TableConfig } from './config.ts';
import { IdentityIndex } from './identity-index.ts';
import { cellOf, type Row, textsOf, UnusableRow, UnusableTable } from './row.ts';
import { RowStore } from './row-store.ts';

/** After so many rows other work is done. */
const ROWS_AT_ONCE = 2000;

/** Of more rows than this it is not said what is wrong with each. */
const MAX_TOLD = 10;

/** What became of the rows. */
export interface RowCounts {
  /** Rows that are used. */
  used: number;
  /** Rows that are of no use; the first of them are told in `problems`. */
  broken: number;
  /** Rows about somebody of whom a row before them is, and ranges that a row before has. */
  duplicate: number;
  /** Rows beyond `max_rows`. */
  surplus: number;
}

/** See the head of this file. */
export class Table {
  readonly counts: RowCounts;
  /** What is wrong with the first broken rows, each with its line. */
  readonly problems: readonly string[];
  readonly #store: RowStore;
  readonly #identities: IdentityIndex;
  readonly #prefixes: PrefixMap;

  private constructor(
    builder: TableBuilder,
    store: RowStore,
    identities: IdentityIndex,
    prefixes: PrefixMap,
  ) {
    this.counts = builder.counts;
    this.problems = builder.problems;
    this.#store = store;
    this.#identities = identities;
    this.#prefixes = prefixes;
  }

  /**
   * Makes a table of rows.
   *
   * @throws UnusableTable if none of its rows is of use
   */
  static async build(rows: AsyncIterable<Row>, config: TableConfig): Promise<Table> {
    const builder = new TableBuilder(config);
    let taken = 0;
    for await (const row of rows) {
      builder.add(row);
      if (++taken % ROWS_AT_ONCE === 0) await setImmediate();
    }
    const { counts, problems } = builder;
    if (counts.used === 0 && counts.broken > 0) {
      throw new UnusableTable(`none of its ${counts.broken} rows is of use (${problems[0]})`);
    }
    builder.store.seal();
    const prefixes = builder.prefixes.build(() => counts.duplicate++);
    return new Table(builder, builder.store, builder.identities, prefixes);
  }

  /** How many bytes the rows and the ranges take; what is found by who it is about comes on top. */
  get byteLength(): number {
    return this.#store.byteLength + this.#prefixes.byteLength;
  }

  /** What the row adds that says most of who the end is. */
  ofIdentity(facts: EndFacts): AddedAttributes | undefined {
    return this.#get(this.#identities.find(facts));
  }

  /** What the row of the smallest range around the address adds. */
  ofAddress(address: AddressKey): AddedAttributes | undefined {
    return this.#get(this.#prefixes.find(address));
  }

  #get(combination: number): AddedAttributes | undefined {
    return combination < 0 ? undefined : this.#store.get(combination);
  }
}

class TableBuilder {
  readonly counts: RowCounts = { used: 0, broken: 0, duplicate: 0, surplus: 0 };
  readonly problems: string[] = [];
  readonly store: RowStore;
  readonly identities: IdentityIndex;
  readonly prefixes = new PrefixMapBuilder();
  readonly #config: TableConfig;
  readonly #columns: readonly string[];
  #rows = 0;

  constructor(config: TableConfig) {
    this.#config = config;
    this.#columns = Object.values(config.attributes);
    this.store = new RowStore(Object.keys(config.attributes));
    this.identities = new IdentityIndex(config.match);
  }

  add(row: Row): void {
    if (++this.#rows > this.#config.max_rows) {
      this.counts.surplus++;
      return;
    }
    try {
      if (row.problem !== undefined) throw new UnusableRow(row.problem);
      this.#addGood(row);
    } catch (error) {
      if (!(error instanceof UnusableRow)) throw error;
      this.counts.broken++;
      if (this.problems.length < MAX_TOLD) this.problems.push(`${row.where}: ${error.message}`);
    }
  }

  #addGood(row: Row): void {
    const values = this.#columns.map((column) => cellOf(row, column));
    const { cidr } = this.#config.match;
    if (cidr !== undefined) {
      const ranges = rangesOf(row, cidr);
      const combination = this.store.add(values);
      for (const range of ranges) this.prefixes.add(range, combination);
    } else if (this.identities.add(row, this.#rows, this.store.add(values))) {
      this.counts.duplicate++;
      return;
    }
    this.counts.used++;
  }
}

function rangesOf(row: Row, column: string): NonNullable<ReturnType<typeof parsePrefix>>[] {
  const cell = cellOf(row, column);
  if (cell === undefined) throw new UnusableRow(`"${column}" is empty`);
  return textsOf(cell).map((text) => {
    const range = parsePrefix(text);
    if (range === undefined)
      throw new UnusableRow(`"${column}" is no address range (found ${JSON.stringify(text)})`);
    return range;
  });
}

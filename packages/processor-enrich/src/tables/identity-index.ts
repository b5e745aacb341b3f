/** The rows of a table by who they are about: an end meets those whose every value it has, and the one with the most counts. */
import { pairValue } from '@tributary/core';
import type { EndFacts } from '../end-facts.ts';
import type { TableConfig } from './config.ts';
import { cellOf, type Row, textsOf, UnusableRow } from './row.ts';

/** More combinations of names than this in one row are none. */
const MAX_KEYS = 1024;

/** One thing that a row can say of an end. */
interface Rule {
  readonly column: string;
  /** What an end has that the value of a row is compared with, in the order in which they are tried. */
  readonly valuesOf: (facts: EndFacts) => readonly string[];
  /** Makes the value of a row comparable. */
  readonly normalize: (value: string) => string;
}

interface Entry {
  /** The number of the row, in the order of the table. */
  readonly order: number;
  readonly combination: number;
}

/** See the head of this file. */
export class IdentityIndex {
  readonly #rules: readonly Rule[];
  /** Of each set of rules, as bits, the rows that have values for just these, by the values. */
  readonly #bySet = new Map<number, Map<string, Entry>>();

  constructor(match: TableConfig['match']) {
    this.#rules = rulesOf(match);
  }

  /**
   * Adds a row; returns whether it is another of rows before it, which count.
   *
   * @throws UnusableRow if the row says of nobody that it is about them
   */
  add(row: Row, order: number, combination: number): boolean {
    let set = 0;
    let keys: string[][] = [[]];
    for (const [index, { column, normalize }] of this.#rules.entries()) {
      const cell = cellOf(row, column);
      if (cell === undefined) continue;
      set |= 1 << index;
      const values = textsOf(cell).map(normalize);
      if (keys.length * values.length > MAX_KEYS) {
        throw new UnusableRow(`it is about more than ${MAX_KEYS} combinations`);
      }
      keys = keys.flatMap((key) => values.map((value) => [...key, value]));
    }
    if (set === 0) throw new UnusableRow('it says nothing of whom it is about');
    const entries = this.#bySet.get(set) ?? new Map<string, Entry>();
    this.#bySet.set(set, entries);
    let isDuplicate = true;
    for (const key of keys.map((values) => JSON.stringify(values))) {
      if (entries.has(key)) continue;
      isDuplicate = false;
      entries.set(key, { order, combination });
    }
    return isDuplicate;
  }

  /** The combination of the row that says most of this end, of several the first in the table; -1 if there is none. */
  find(facts: EndFacts): number {
    const values = this.#rules.map(({ valuesOf }) => valuesOf(facts));
    let best: Entry | undefined;
    let bestBits = 0;
    for (const [set, entries] of this.#bySet) {
      const bits = bitCount(set);
      if (bits < bestBits) continue;
      const found = this.#findIn(
        entries,
        values.filter((_, index) => (set & (1 << index)) !== 0),
      );
      if (found === undefined || (bits === bestBits && best !== undefined && best.order < found.order))
        continue;
      best = found;
      bestBits = bits;
    }
    return best?.combination ?? -1;
  }

  /** The first entry for one value of each rule: those values are tried first that come first. */
  #findIn(entries: ReadonlyMap<string, Entry>, values: readonly (readonly string[])[]): Entry | undefined {
    const chosen: string[] = [];
    const search = (rule: number): Entry | undefined => {
      if (rule === values.length) return entries.get(JSON.stringify(chosen));
      for (const value of values[rule]!) {
        chosen[rule] = value;
        const found = search(rule + 1);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    return search(0);
  }
}

function rulesOf({ namespace, workload, dns_name, labels, attributes }: TableConfig['match']): Rule[] {
  const rules: Rule[] = [];
  const add = (column: string | undefined, valuesOf: Rule['valuesOf'], normalize = same): void => {
    if (column !== undefined) rules.push({ column, valuesOf, normalize });
  };
  add(namespace, (facts) => one(facts.namespace));
  add(workload, workloadNames, (name) => (name.includes('/') ? name.replace(/^[^/]*/, lower) : name));
  add(
    dns_name,
    ({ dnsName }) => (dnsName === undefined ? [] : namesAbove(normalName(dnsName))),
    normalPattern,
  );
  for (const [key, column] of Object.entries(labels)) {
    add(column, (facts) => one(pairValue(facts.labels, key) ?? pairValue(facts.namespaceLabels, key)));
  }
  for (const [name, column] of Object.entries(attributes)) {
    add(column, (facts) => {
      const value = Object.hasOwn(facts.attributes, name) ? facts.attributes[name] : undefined;
      return typeof value === 'object' || value === undefined ? [] : [String(value)];
    });
  }
  return rules;
}

function workloadNames({ workload }: EndFacts): readonly string[] {
  return workload === undefined ? [] : [`${workload.kind.toLowerCase()}/${workload.name}`, workload.name];
}

/** The name, and the patterns that it meets, the longest first: `a.b.c`, `*.b.c`, `*.c`. */
function namesAbove(name: string): readonly string[] {
  const names = [name];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1))
    names.push(`*${name.slice(dot)}`);
  return names;
}

function normalName(name: string): string {
  const lowered = name.toLowerCase();
  return lowered.endsWith('.') ? lowered.slice(0, -1) : lowered;
}

function normalPattern(pattern: string): string {
  const name = normalName(pattern);
  return name.startsWith('.') ? `*${name}` : name;
}

function one(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function same(value: string): string {
  return value;
}

function lower(value: string): string {
  return value.toLowerCase();
}

function bitCount(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}

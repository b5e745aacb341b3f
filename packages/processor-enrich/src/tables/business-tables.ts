import { type AddressKey, PipelineError, type Settings } from '@tributary/core';
import type { AddedAttributes, EndFacts, EndTables } from '../end-facts.ts';
import type { TableConfig } from './config.ts';
import { LiveTable } from './live-table.ts';
import type { Table } from './table.ts';

/** As many combinations of rows of several tables are kept; then all are made anew. */
const MAX_JOINED = 50_000;

/** The tables that instances of one processor share: one instance for each pipeline. */
const shared = new WeakMap<readonly TableConfig[], BusinessTables>();

/** The tables of a processor, in the order of the configuration, watched from the first `start` to the last `shutdown`. */
export class BusinessTables implements EndTables {
  /** Grows whenever a table was swapped. */
  revision = 0;
  readonly #live: readonly LiveTable[];
  readonly #settings: Settings;
  /** What is wrong with each table that is in trouble. */
  readonly #problems = new Map<number, string>();
  #users = 0;
  #starting: Promise<void> | undefined;
  /** The tables that match by address, and those by who it is. */
  #byAddress: readonly Table[] = [];
  #byIdentity: readonly Table[] = [];
  /** Of rows of several tables at one address, what they add together. */
  readonly #joined = new Map<AddedAttributes, Map<AddedAttributes, AddedAttributes>>();
  #joinedSize = 0;

  private constructor(settings: Settings, tables: readonly TableConfig[]) {
    this.#settings = settings;
    this.#live = tables.map(
      (config, index) =>
        new LiveTable({
          config,
          configDir: settings.configDir,
          logger: settings.logger,
          telemetry: settings.telemetry,
          onSwapped: () => this.#swap(tables),
          onTrouble: (problem) => this.#setProblem(index, problem),
        }),
    );
  }

  /** The tables of a configuration: the same for all instances that are made of it. */
  static create(settings: Settings, { tables }: { readonly tables: readonly TableConfig[] }): BusinessTables {
    const known = shared.get(tables);
    if (known !== undefined) return known;
    const made = new BusinessTables(settings, tables);
    shared.set(tables, made);
    return made;
  }

  /** Reads all tables for the first time. One that cannot be read does not keep the service from starting. */
  start(): Promise<void> {
    this.#users++;
    this.#starting ??= Promise.all(this.#live.map((table) => table.start())).then(() => undefined);
    return this.#starting;
  }

  async shutdown(): Promise<void> {
    if (this.#users === 0 || --this.#users > 0) return;
    this.#starting = undefined;
    await Promise.all(this.#live.map((table) => table.stop()));
  }

  ofIdentity(facts: EndFacts): AddedAttributes | undefined {
    let added: AddedAttributes | undefined;
    for (const table of this.#byIdentity) added = merged(added, table.ofIdentity(facts));
    return added;
  }

  ofAddress(address: AddressKey): AddedAttributes | undefined {
    let added: AddedAttributes | undefined;
    for (const table of this.#byAddress) {
      const found = table.ofAddress(address);
      if (found !== undefined) added = added === undefined ? found : this.#join(added, found);
    }
    return added;
  }

  /** The attributes of two rows, one object for the same two. */
  #join(first: AddedAttributes, second: AddedAttributes): AddedAttributes {
    let ofFirst = this.#joined.get(first);
    const known = ofFirst?.get(second);
    if (known !== undefined) return known;
    if (this.#joinedSize >= MAX_JOINED) this.#forgetJoined();
    ofFirst = this.#joined.get(first) ?? new Map();
    this.#joined.set(first, ofFirst);
    const joined = { ...second, ...first };
    ofFirst.set(second, joined);
    this.#joinedSize++;
    return joined;
  }

  #swap(tables: readonly TableConfig[]): void {
    const inUse = (isByAddress: boolean): Table[] =>
      this.#live.flatMap(({ current }, index) =>
        current !== undefined && (tables[index]!.match.cidr !== undefined) === isByAddress ? [current] : [],
      );
    this.#byAddress = inUse(true);
    this.#byIdentity = inUse(false);
    this.#forgetJoined();
    this.revision++;
  }

  #forgetJoined(): void {
    this.#joined.clear();
    this.#joinedSize = 0;
  }

  #setProblem(index: number, problem: string | undefined): void {
    const wasGood = this.#problems.size === 0;
    if (problem === undefined) this.#problems.delete(index);
    else this.#problems.set(index, problem);
    const { id, reportStatus } = this.#settings;
    const [first] = this.#problems.values();
    if (first !== undefined)
      reportStatus('recoverable_error', new PipelineError('TABLE_UNUSABLE', `${id}: ${first}.`));
    else if (!wasGood) reportStatus('ok');
  }
}

function merged(
  first: AddedAttributes | undefined,
  second: AddedAttributes | undefined,
): AddedAttributes | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return { ...second, ...first };
}

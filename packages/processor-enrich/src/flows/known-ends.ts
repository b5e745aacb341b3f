/** What is told of those who are at ends: encoded once for each, and kept until something of it changes. */
import type { AnyValue, Context, KubeService } from '@tributary/core';
import type { AddedAttributes, EndTables } from '../end-facts.ts';
import type { Dependencies } from './dependencies.ts';
import { describe } from './describe.ts';
import type { End, Subject } from './end.ts';
import { Generations } from './generations.ts';
import type { Place } from './places.ts';
import { SidedAttributes } from './sided-attributes.ts';

/** As many are kept. */
const MAX_SUBJECTS = 262_144;
const MAX_ROWS = 65_536;
/** A pod is reached through few Services, and its address is in few rows. */
const MAX_VARIANTS = 16;

/** What is told of one who is at an end. */
export interface KnownEnd {
  readonly attributes: SidedAttributes;
  readonly place: Place | undefined;
  readonly dependencies: Dependencies;
  readonly tablesRevision: number;
  /** What is told beside that by the row that its address is in, by the row. */
  readonly rows: Map<AddedAttributes, SidedAttributes>;
}

interface Subjects {
  plain: KnownEnd | undefined;
  /** The same when reached through a Service. */
  readonly behind: Map<KubeService, KnownEnd>;
}

/** See the head of this file. */
export class KnownEnds {
  readonly #context: Context;
  readonly #tables: EndTables;
  readonly #known = new Generations<Subject, Subjects>(MAX_SUBJECTS);
  /** Rows for ends of which nothing else is known. */
  readonly #rows = new Generations<AddedAttributes, SidedAttributes>(MAX_ROWS);
  #nowMs = 0;

  constructor(context: Context, tables: EndTables) {
    this.#context = context;
    this.#tables = tables;
  }

  /** The present, by a steady clock. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** What is told of an end; undefined if nobody was found there. */
  of({ subject, service }: End): KnownEnd | undefined {
    if (subject === undefined) return undefined;
    let known = this.#known.get(subject);
    if (known === undefined) {
      known = { plain: undefined, behind: new Map() };
      this.#known.set(subject, known);
    }
    const end = service === undefined ? known.plain : known.behind.get(service);
    if (end !== undefined && this.#holds(end)) return end;
    const made = this.#make(subject, service);
    if (service === undefined) known.plain = made;
    else putBounded(known.behind, service, made);
    return made;
  }

  /** What a table tells of an end's address, beside what is told of the end itself. */
  row(end: KnownEnd | undefined, row: AddedAttributes): SidedAttributes {
    const rows = end?.rows ?? this.#rows;
    const known = rows.get(row);
    if (known !== undefined) return known;
    const told = end?.attributes.attributes ?? {};
    const made = new SidedAttributes(
      Object.fromEntries(Object.entries(row).filter(([name]) => !Object.hasOwn(told, name))),
    );
    if (rows instanceof Map) putBounded(rows, row, made);
    else rows.set(row, made);
    return made;
  }

  #holds(end: KnownEnd): boolean {
    return end.tablesRevision === this.#tables.revision && end.dependencies.hold(this.#nowMs);
  }

  #make(subject: Subject, service: KubeService | undefined): KnownEnd {
    const { facts, place, dependencies } = describe(this.#context, subject, service);
    const tablesRevision = this.#tables.revision;
    // What is known of who it is counts for more than a table's row.
    const attributes: Record<string, AnyValue> = { ...this.#tables.ofIdentity(facts), ...facts.attributes };
    return {
      attributes: new SidedAttributes(attributes),
      place,
      dependencies,
      tablesRevision,
      rows: new Map(),
    };
  }
}

function putBounded<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (map.size >= MAX_VARIANTS) map.clear();
  map.set(key, value);
}

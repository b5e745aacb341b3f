/** What is told of those who are at ends: encoded once for each, and kept until something of it changes. */
import type { AnyValue, Context, ItemBytes, KubeService } from '@tributary/core';
import type { AddedAttributes, EndTables } from '../end-facts.ts';
import { Arena } from './arena.ts';
import { describe } from './describe.ts';
import type { End, Subject } from './end.ts';
import { Generations } from './generations.ts';
import { KnownEnd } from './known-end.ts';
import { SharedFacts } from './shared-facts.ts';
import { SidedAttributes } from './sided-attributes.ts';
import type { Side } from './sides.ts';
import { SocketOwner } from './socket-owner.ts';

/** When so many ends are known, or they take so much memory, or the first is so old, all are forgotten and made again. */
const MAX_ENDS = 262_144;
const MAX_BYTES = 128 * 1024 * 1024;
const MAX_AGE_MS = 10 * 60_000;
const MAX_ROWS = 65_536;
/** A pod is reached through few Services. */
const MAX_SERVICES = 16;

/** See the head of this file. */
export class KnownEnds {
  readonly #context: Context;
  readonly #tables: EndTables;
  readonly #known = new Map<Subject, KnownEnd>();
  /** The same by the places of their addresses and the numbers of the owners: found without a look into the map. */
  #atPlaces: (KnownEnd | undefined)[] = [];
  #ofOwners: (KnownEnd | undefined)[] = [];
  #arena = new Arena();
  /** What rows tell of addresses where nobody is known. */
  readonly #rows = new Generations<AddedAttributes, SidedAttributes>(MAX_ROWS);
  readonly #shared = new SharedFacts();
  #tablesRevision = 0;
  /** Grows when shared facts or tables have changed. */
  #epoch = 0;
  #sinceMs = 0;

  constructor(context: Context, tables: EndTables) {
    this.#context = context;
    this.#tables = tables;
  }

  /** The present, by a steady clock. */
  begin(nowMs: number): void {
    this.#shared.look(nowMs);
    this.#tablesRevision = this.#tables.revision;
    this.#epoch = this.#shared.epoch + this.#tablesRevision;
    const isFull = this.#known.size >= MAX_ENDS || this.#arena.bytes >= MAX_BYTES;
    if (!isFull && nowMs - this.#sinceMs < MAX_AGE_MS) return;
    this.#sinceMs = nowMs;
    this.#known.clear();
    this.#atPlaces = [];
    this.#ofOwners = [];
    this.#shared.clear();
    this.#arena = new Arena();
  }

  /** What is told of an end; undefined if nobody was found there. */
  of({ subject, service, place }: End): KnownEnd | undefined {
    if (subject === undefined) return undefined;
    if (service !== undefined) return this.#find(subject, service);
    if (subject instanceof SocketOwner) return this.#findAt(this.#ofOwners, subject.number, subject);
    return this.#findAt(this.#atPlaces, place, subject);
  }

  #findAt(ends: (KnownEnd | undefined)[], place: number, subject: Subject): KnownEnd {
    if (place < 0) return this.#find(subject, undefined);
    const known = place < ends.length ? ends[place] : undefined;
    if (known?.subject === subject && known.holds(this.#epoch, this.#tablesRevision)) return known;
    const found = this.#find(subject, undefined);
    while (ends.length <= place) ends.push(undefined);
    ends[place] = found;
    return found;
  }

  #find(subject: Subject, service: KubeService | undefined): KnownEnd {
    const plain = this.#known.get(subject);
    const known = service === undefined ? plain : plain?.behind?.get(service);
    if (known?.holds(this.#epoch, this.#tablesRevision) === true) return known;
    return this.#make(subject, service, plain);
  }

  /** Appends what is told of an end to a record. */
  append(item: ItemBytes, side: Side, known: KnownEnd): void {
    if (known.appendTo(item, side)) return;
    known.encode(this.#arena, side, new SidedAttributes(this.#describe(known)));
    known.appendTo(item, side);
  }

  /** What is told of an end, to be added only where it is missing. */
  told(known: KnownEnd): SidedAttributes {
    return known.told(() => this.#describe(known));
  }

  /** What a row tells of an end's address, but for what is told of the end itself. */
  row(known: KnownEnd | undefined, row: AddedAttributes): SidedAttributes {
    if (known !== undefined) return known.row(row, () => this.#describe(known));
    let made = this.#rows.get(row);
    if (made === undefined) {
      made = new SidedAttributes(row);
      this.#rows.set(row, made);
    }
    return made;
  }

  #make(subject: Subject, service: KubeService | undefined, plain: KnownEnd | undefined): KnownEnd {
    const { place, dependencies } = describe(this.#context, this.#shared, { subject, service });
    const tablesRevision = this.#tablesRevision;
    const made = new KnownEnd({ subject, service, place, dependencies, tablesRevision }, this.#epoch);
    if (service === undefined) {
      this.#known.set(subject, made);
      return made;
    }
    const owner = plain ?? this.#make(subject, undefined, undefined);
    owner.behind ??= new Map();
    if (owner.behind.size >= MAX_SERVICES) owner.behind.clear();
    owner.behind.set(service, made);
    return made;
  }

  /** What is known of who it is counts for more than a table's row. */
  #describe(known: KnownEnd): Readonly<Record<string, AnyValue>> {
    const { facts } = describe(this.#context, this.#shared, known);
    return { ...this.#tables.ofIdentity(facts), ...facts.attributes };
  }
}

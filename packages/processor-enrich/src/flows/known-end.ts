import type { AnyValue, ItemBytes, KubeService, Memory } from '@tributary/core';
import type { AddedAttributes } from '../end-facts.ts';
import type { Arena } from './arena.ts';
import type { Changing, Dependencies } from './dependencies.ts';
import type { Subject } from './end.ts';
import type { Place } from './places.ts';
import { SidedAttributes } from './sided-attributes.ts';
import type { Side } from './sides.ts';

/** An address is in few rows in the time for which an end is kept. */
const MAX_ROWS = 16;

/** What a `KnownEnd` is made of. */
export interface KnownEndParts {
  readonly subject: Subject;
  readonly service: KubeService | undefined;
  readonly place: Place | undefined;
  readonly dependencies: Dependencies;
  readonly tablesRevision: number;
}

/** Stands where there is no such thing. */
const NOTHING: Changing = { revision: 0 };

/**
 * What is told of one who is at an end. With a hundred thousand pods it is in no cache of the processor when it is needed, so as
 * little as can be is touched to see whether it holds and to copy it: its fields, the entities, and bytes of the arena.
 */
export class KnownEnd {
  readonly subject: Subject;
  /** Up to which epoch of the shared facts and the tables it is known to hold. */
  #epoch: number;
  readonly #first: Changing;
  readonly #firstRevision: number;
  readonly #second: Changing;
  readonly #secondRevision: number;
  #sourceMemory: Memory | undefined;
  #sourceFrom = 0;
  #sourceTo = 0;
  #destinationMemory: Memory | undefined;
  #destinationFrom = 0;
  #destinationTo = 0;
  readonly place: Place | undefined;
  /** The same reached through Services. */
  behind: Map<KubeService, KnownEnd> | undefined = undefined;
  /** The Service through which it was reached. */
  readonly service: KubeService | undefined;
  readonly #dependencies: Dependencies;
  readonly #tablesRevision: number;
  #told: SidedAttributes | undefined;
  #rows: Map<AddedAttributes, SidedAttributes> | undefined;

  constructor({ subject, service, place, dependencies, tablesRevision }: KnownEndParts, epoch: number) {
    const [first = NOTHING, second = NOTHING] = dependencies.own;
    this.subject = subject;
    this.#epoch = epoch;
    this.#first = first;
    this.#firstRevision = first.revision;
    this.#second = second;
    this.#secondRevision = second.revision;
    this.place = place;
    this.service = service;
    this.#dependencies = dependencies;
    this.#tablesRevision = tablesRevision;
  }

  /** Whether nothing that it was made of has changed. `epoch` grows when shared facts or tables have. */
  holds(epoch: number, tablesRevision: number): boolean {
    if (this.#first.revision !== this.#firstRevision || this.#second.revision !== this.#secondRevision) {
      return false;
    }
    if (this.#epoch === epoch) return true;
    if (this.#tablesRevision !== tablesRevision || !this.#dependencies.isUnchanged) return false;
    this.#epoch = epoch;
    return true;
  }

  /** Appends what is told to a record; false if it was not encoded for this side yet. */
  appendTo(item: ItemBytes, side: Side): boolean {
    if (side === 'source') {
      if (this.#sourceMemory === undefined) return false;
      item.appendRange(this.#sourceMemory, this.#sourceFrom, this.#sourceTo);
    } else {
      if (this.#destinationMemory === undefined) return false;
      item.appendRange(this.#destinationMemory, this.#destinationFrom, this.#destinationTo);
    }
    return true;
  }

  /** Keeps what is told, encoded for a side. */
  encode(arena: Arena, side: Side, told: SidedAttributes): void {
    arena.place(told.fields(side));
    if (side === 'source') {
      this.#sourceMemory = arena.memory;
      this.#sourceFrom = arena.from;
      this.#sourceTo = arena.to;
    } else {
      this.#destinationMemory = arena.memory;
      this.#destinationFrom = arena.from;
      this.#destinationTo = arena.to;
    }
  }

  /** What is told of it, by what `describe` makes when it is needed: seldom. */
  told(describe: () => Readonly<Record<string, AnyValue>>): SidedAttributes {
    this.#told ??= new SidedAttributes(describe());
    return this.#told;
  }

  /** What a row tells beside that. */
  row(row: AddedAttributes, describe: () => Readonly<Record<string, AnyValue>>): SidedAttributes {
    this.#rows ??= new Map();
    const known = this.#rows.get(row);
    if (known !== undefined) return known;
    const { attributes: told } = this.told(describe);
    const others = Object.entries(row).filter(([name]) => !Object.hasOwn(told, name));
    const made = new SidedAttributes(Object.fromEntries(others));
    if (this.#rows.size >= MAX_ROWS) this.#rows.clear();
    this.#rows.set(row, made);
    return made;
  }
}

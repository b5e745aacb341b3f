/** Counts the records of a batch: what each of them adds to which series. */
import { type Batch, EncodedText } from '@tributary/core';
import type { Combination } from './combination.ts';
import { DimensionKey } from './dimension-key.ts';
import type { FlowReader } from './flow-reader.ts';
import { SLOT } from './instruments.ts';
import { Observers, type Watched } from './observers.ts';
import { addTo, MAX_VALUE, type Series } from './series.ts';
import type { SeriesTable } from './series-table.ts';

const CLOSED = new EncodedText('closed');

/** More is no round trip and no connect time: a day. */
const MAX_SECONDS = 86_400;

/** What the counter was given, since it was made; what it says of itself is read from here. */
export interface CountedRecords {
  /** Records that count their connection. */
  counted: number;
  /** Records of the destination whose connection the source's counts. */
  countedAtSource: number;
  /** Log records that are no flow records. */
  others: number;
  /** Values that cannot be: negative, absurdly large, or of another type. */
  invalidValues: number;
}

/** See the head of this file. */
export class FlowCounter {
  readonly counts: CountedRecords = { counted: 0, countedAtSource: 0, others: 0, invalidValues: 0 };
  readonly #reader: FlowReader;
  readonly #table: SeriesTable;
  readonly #observers: Observers;
  readonly #key = new DimensionKey();
  readonly #visit = (): void => this.#count();

  constructor(reader: FlowReader, table: SeriesTable, watched: Watched) {
    this.#reader = reader;
    this.#table = table;
    this.#observers = new Observers(reader, watched);
  }

  count(batch: Batch): void {
    this.counts.others += this.#reader.read(batch, this.#visit);
  }

  #count(): void {
    const observers = this.#observers;
    const { fields } = this.#reader;
    const isDestination = observers.isDestination;
    const combination = this.#key.take(this.#reader) ? this.#table.find(this.#key) : undefined;
    // Each end's socket knows what it sent again itself, and how long its own round trips take.
    if (!isDestination) this.#add(combination, SLOT.retransmitsForward, fields.sourceRetransmits);
    if (isDestination || !observers.isSource) {
      this.#add(combination, SLOT.retransmitsReverse, fields.destinationRetransmits);
    }
    this.#record(combination, isDestination ? SLOT.rttAtDestination : SLOT.rttAtSource, fields.rtt);
    if (isDestination && observers.isSourceWatched()) {
      this.counts.countedAtSource++;
      return;
    }
    this.counts.counted++;
    this.#add(combination, SLOT.ioForward, fields.sourceBytes);
    this.#add(combination, SLOT.ioReverse, fields.destinationBytes);
    if (!this.#reader.record.equals(fields.state, CLOSED)) return;
    this.#countEnd(combination);
    const slot = isDestination ? SLOT.connectAtDestination : SLOT.connectAtSource;
    this.#record(combination, slot, fields.connectDuration);
  }

  #countEnd(combination: Combination | undefined): void {
    const reason = this.#reader.record.value(this.#reader.fields.endReason);
    const isValid = reason === undefined || typeof reason === 'string';
    if (!isValid) this.counts.invalidValues++;
    addTo(this.#table.ended(combination, isValid ? (reason ?? '') : ''), 1);
  }

  /** Adds the field to a sum, if the record has it. */
  #add(combination: Combination | undefined, slot: number, field: number): void {
    const value = this.#reader.record.number(field);
    if (value >= 0 && value <= MAX_VALUE && Number.isInteger(value)) {
      addTo(this.#table.at(combination, slot), value);
    } else if (this.#reader.record.has(field)) {
      this.counts.invalidValues++;
    }
  }

  /** Adds the field, in seconds, to a histogram, if the record has it. */
  #record(combination: Combination | undefined, slot: number, field: number): void {
    const seconds = this.#reader.record.number(field);
    if (seconds >= 0 && seconds <= MAX_SECONDS) {
      const series: Series = this.#table.at(combination, slot);
      series.histogram!.record(seconds);
    } else if (this.#reader.record.has(field)) {
      this.counts.invalidValues++;
    }
  }
}

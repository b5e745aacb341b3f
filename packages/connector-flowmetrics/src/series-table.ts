/**
 * All series, by metric and by dimensions. Of each metric there are at most `maxSeries`; what would begin further ones is
 * counted in the metric's overflow series, so that nothing is missing from the sum over all.
 */
import { ATTR_FLOW_END_REASON, EncodedAttribute } from '@tributary/core';
import { Combination } from './combination.ts';
import type { DimensionKey } from './dimension-key.ts';
import type { Histogram } from './histogram.ts';
import { INSTRUMENT, INSTRUMENTS, SLOTS } from './instruments.ts';
import type { Series } from './series.ts';

/** So many ways to end share their attribute among all series; others have one each. */
const MAX_KNOWN_ENDS = 64;

/** What the table is told once. */
export interface SeriesTableOptions {
  readonly maxSeries: number;
  readonly newHistogram: () => Histogram;
}

/** See the head of this file. */
export class SeriesTable {
  /** Since when series count that begin now: the end of the last interval, Unix time in milliseconds. */
  startMs = 0;
  /** When what is counted now was taken in, by a steady clock, in milliseconds. */
  nowMs = 0;
  /** How many values were counted in an overflow series. */
  overflowed = 0;
  readonly #options: SeriesTableOptions;
  readonly #byHash = new Map<number, Combination>();
  /** The attribute of each way to end: almost always one of a few. */
  readonly #endAttributes = new Map<string, EncodedAttribute>();
  #combinations = 0;
  /** Of each metric the series, but for the overflow series. */
  #counts = INSTRUMENTS.map(() => 0);
  #overflow: (Series | undefined)[] = INSTRUMENTS.map(() => undefined);

  constructor(options: SeriesTableOptions) {
    this.#options = options;
  }

  /** How many series there are, those for the overflow included. */
  get size(): number {
    const overflows = this.#overflow.filter((series) => series !== undefined).length;
    return this.#counts.reduce((sum, count) => sum + count, overflows);
  }

  /** The combination with these dimensions; undefined if there is no room for another. */
  find(key: DimensionKey): Combination | undefined {
    const first = this.#byHash.get(key.hash);
    for (let found = first; found !== undefined; found = found.next) {
      if (key.equals(found.dimensions)) return found;
    }
    if (this.#combinations >= this.#options.maxSeries) return undefined;
    const combination = new Combination(key.copy(), first);
    this.#byHash.set(key.hash, combination);
    this.#combinations++;
    return combination;
  }

  /** The series at a slot of a combination, or where there is none or no room the one for the overflow; it counts now. */
  at(combination: Combination | undefined, slot: number): Series {
    let series = combination?.slots[slot];
    if (series === undefined) {
      const { instrument, attribute } = SLOTS[slot]!;
      if (combination === undefined || this.#isFull(instrument)) return this.#overflowOf(instrument);
      series = this.#begin(instrument, combination, attribute);
      combination.slots[slot] = series;
    }
    series.lastMs = this.nowMs;
    return series;
  }

  /** The series of a combination's flows that ended in a way; the empty string where that is not known. */
  ended(combination: Combination | undefined, reason: string): Series {
    const instrument = INSTRUMENT.connections;
    let series = combination?.ends.get(reason);
    if (series === undefined) {
      if (combination === undefined || this.#isFull(instrument) || !combination.mayEnd(reason)) {
        return this.#overflowOf(instrument);
      }
      series = this.#begin(instrument, combination, this.#endAttribute(reason));
      combination.ends.set(reason, series);
    }
    series.lastMs = this.nowMs;
    return series;
  }

  /** Calls back for every series of a metric, that for the overflow last. */
  forEach(instrument: number, visit: (series: Series) => void): void {
    for (const first of this.#byHash.values()) {
      for (
        let combination: Combination | undefined = first;
        combination !== undefined;
        combination = combination.next
      ) {
        if (instrument === INSTRUMENT.connections) {
          for (const series of combination.ends.values()) visit(series);
        } else {
          for (const series of combination.slots) if (series?.instrument === instrument) visit(series);
        }
      }
    }
    const overflow = this.#overflow[instrument];
    if (overflow !== undefined) visit(overflow);
  }

  /** Forgets all series. */
  clear(): void {
    this.#byHash.clear();
    this.#combinations = 0;
    this.#counts = INSTRUMENTS.map(() => 0);
    this.#overflow = INSTRUMENTS.map(() => undefined);
  }

  /** Lets go of the series that have counted nothing since `sinceMs`. */
  dropQuiet(sinceMs: number): void {
    const isQuiet = ({ lastMs }: Series): boolean => lastMs < sinceMs;
    const onDropped = ({ instrument }: Series): void => {
      this.#counts[instrument]!--;
    };
    for (const [hash, first] of this.#byHash) {
      let kept: Combination | undefined;
      for (let combination: Combination | undefined = first; combination !== undefined; ) {
        const following: Combination | undefined = combination.next;
        if (combination.dropQuiet(isQuiet, onDropped)) {
          combination.next = kept;
          kept = combination;
        } else {
          this.#combinations--;
        }
        combination = following;
      }
      if (kept === undefined) this.#byHash.delete(hash);
      else this.#byHash.set(hash, kept);
    }
    this.#overflow = this.#overflow.map((series) =>
      series === undefined || isQuiet(series) ? undefined : series,
    );
  }

  #endAttribute(reason: string): EncodedAttribute | undefined {
    if (reason === '') return undefined;
    const known = this.#endAttributes.get(reason);
    if (known !== undefined) return known;
    const attribute = new EncodedAttribute(ATTR_FLOW_END_REASON, reason);
    if (this.#endAttributes.size < MAX_KNOWN_ENDS) this.#endAttributes.set(reason, attribute);
    return attribute;
  }

  #isFull(instrument: number): boolean {
    return this.#counts[instrument]! >= this.#options.maxSeries;
  }

  #begin(instrument: number, combination: Combination, attribute: EncodedAttribute | undefined): Series {
    this.#counts[instrument]!++;
    return this.#newSeries(instrument, combination, attribute);
  }

  #overflowOf(instrument: number): Series {
    this.overflowed++;
    const series = this.#overflow[instrument] ?? this.#newSeries(instrument, undefined, undefined);
    this.#overflow[instrument] = series;
    series.lastMs = this.nowMs;
    return series;
  }

  #newSeries(
    instrument: number,
    combination: Combination | undefined,
    attribute: EncodedAttribute | undefined,
  ): Series {
    return {
      instrument,
      dimensions: combination?.dimensions,
      attribute,
      startMs: this.startMs,
      lastMs: this.nowMs,
      low: 0,
      high: 0,
      histogram: INSTRUMENTS[instrument]!.kind === 'histogram' ? this.#options.newHistogram() : undefined,
    };
  }
}

/** One combination of dimensions that flows have, with its series. */
import type { Memory } from '@tributary/core';
import { SLOTS } from './instruments.ts';
import type { Series } from './series.ts';

/** How many different ends are counted for one combination; they are few, but come from outside. */
const MAX_END_REASONS = 16;
/** Longer ones are none. */
const MAX_END_REASON_CHARACTERS = 64;

/** See the head of this file. */
export class Combination {
  /** The dimensions that it has, as fields of a log record, each in its shortest form. */
  readonly dimensions: Memory;
  /** The next of those whose dimensions have the same hash. */
  next: Combination | undefined;
  /** By `SLOT`. */
  readonly slots: (Series | undefined)[] = new Array<Series | undefined>(SLOTS.length).fill(undefined);
  /** Flows that ended, by how; the empty string for those of which that is not known. */
  readonly ends = new Map<string, Series>();

  constructor(dimensions: Memory, next: Combination | undefined) {
    this.dimensions = dimensions;
    this.next = next;
  }

  /** Whether there is room for a series of flows that ended so. */
  mayEnd(reason: string): boolean {
    return this.ends.size < MAX_END_REASONS && reason.length <= MAX_END_REASON_CHARACTERS;
  }

  /** Lets go of the series that are quiet; returns whether there are others. `onDropped` is told of each. */
  dropQuiet(isQuiet: (series: Series) => boolean, onDropped: (series: Series) => void): boolean {
    let live = 0;
    for (const [slot, series] of this.slots.entries()) {
      if (series === undefined) continue;
      if (isQuiet(series)) {
        this.slots[slot] = undefined;
        onDropped(series);
      } else {
        live++;
      }
    }
    for (const [reason, series] of this.ends) {
      if (!isQuiet(series)) continue;
      this.ends.delete(reason);
      onDropped(series);
    }
    return live + this.ends.size > 0;
  }
}

/** A claim that has ended or is not alone, with the one before it on the same key. Times are in milliseconds since the Unix epoch. */
export class ClaimLink<V> {
  readonly value: V;
  readonly from: number;
  /** Undefined while it holds. */
  to: number | undefined = undefined;
  older: ClaimLink<V> | undefined;

  constructor(value: V, from: number, older: ClaimLink<V> | undefined) {
    this.value = value;
    this.from = from;
    this.older = older;
  }
}

/** Tells a claim in a link from a value by itself. */
export function isLink<V>(claim: ClaimLink<V> | V | undefined): claim is ClaimLink<V> {
  return claim instanceof ClaimLink;
}

/** The claim of a value that still holds, from the newest on; undefined if there is none. */
export function openLink<V>(newest: ClaimLink<V>, value: V): ClaimLink<V> | undefined {
  for (let link: ClaimLink<V> | undefined = newest; link !== undefined; link = link.older) {
    if (link.value === value && link.to === undefined) return link;
  }
  return undefined;
}

/** Forgets all but the newest `count` claims of a key; returns how many that were. */
export function forgetBeyond(newest: ClaimLink<unknown>, count: number): number {
  let last: ClaimLink<unknown> | undefined = newest;
  for (let kept = 1; last !== undefined && kept < count; kept++) last = last.older;
  if (last === undefined) return 0;
  let forgotten = 0;
  for (let lost = last.older; lost !== undefined; lost = lost.older) forgotten += 1;
  last.older = undefined;
  return forgotten;
}

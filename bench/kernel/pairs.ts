import type { Child } from './child.ts';

/** What alternating runs with the receiver on and off gave: a rate each, the higher the better. */
export interface Pairs {
  readonly on: readonly number[];
  readonly off: readonly number[];
  /** The median of the ratios of the pairs: the machine may become faster or slower meanwhile, both alike. */
  readonly ratio: number;
  /** The quartiles of these ratios. */
  readonly spread: readonly [number, number];
}

/** Runs `measure` once with the receiver on and once with it off, `pairs` times, in turns the one and the other first. */
export async function alternate(
  receiver: Child,
  pairs: number,
  measure: () => Promise<number>,
): Promise<Pairs> {
  const on: number[] = [];
  const off: number[] = [];
  const withReceiver = async (): Promise<void> => {
    await receiver.ask('on');
    on.push(await measure());
    await receiver.ask('off');
  };
  const without = async (): Promise<void> => {
    off.push(await measure());
  };
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const run of pair % 2 === 0 ? [withReceiver, without] : [without, withReceiver]) await run();
  }
  const ratios = on.map((rate, pair) => rate / (off[pair] as number));
  return { on, off, ratio: quantile(ratios, 0.5), spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)] };
}

/** The value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

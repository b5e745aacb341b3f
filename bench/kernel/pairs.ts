import type { Child } from '../src/child.ts';

/** Ratios of what was measured in turns, one for each round. */
export interface Ratios {
  /** The median: the machine may become faster or slower meanwhile, both alike. */
  readonly median: number;
  /** The quartiles. */
  readonly spread: readonly [number, number];
}

/** What alternating turns with the receiver on and off gave: a rate each, the higher the better. */
export interface Pairs {
  readonly on: readonly number[];
  readonly off: readonly number[];
  /** On against off. */
  readonly ratio: Ratios;
  /** Off against off, in turns of the same rounds: what the machine itself makes of two equal things. */
  readonly control: Ratios;
}

/** In each round `measure` runs once with the receiver on and twice with it off, each in turn as the first, second and third. */
export async function alternate(
  receiver: Child,
  rounds: number,
  measure: () => Promise<number>,
): Promise<Pairs> {
  const on: number[] = [];
  const off: number[] = [];
  const again: number[] = [];
  const turns = [
    async (): Promise<void> => {
      await receiver.ask('on');
      on.push(await measure());
      await receiver.ask('off');
    },
    async (): Promise<void> => {
      off.push(await measure());
    },
    async (): Promise<void> => {
      again.push(await measure());
    },
  ];
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < turns.length; turn += 1) await turns[(round + turn) % turns.length]?.();
  }
  return { on, off, ratio: ratios(on, off), control: ratios(again, off) };
}

function ratios(numerators: readonly number[], denominators: readonly number[]): Ratios {
  const all = numerators.map((rate, round) => rate / (denominators[round] as number));
  return { median: quantile(all, 0.5), spread: [quantile(all, 0.25), quantile(all, 0.75)] };
}

/** The value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

import type { DataPoint } from '@tributary/core';

/** How much of a long list is shown. */
const LIST_LIMIT = 20;

/** The value of a data point in a few words: `42`, `count 3, sum 1.5, min 0.2, max 1`, `count 3, sum 6, p50 2`. */
export function pointText(point: DataPoint): string {
  switch (point.kindOf) {
    case 'number':
      return numberText(point.value);
    case 'histogram':
    case 'exponentialHistogram':
      return parts([
        ['count', point.count],
        ['sum', point.sum],
        ['min', point.min],
        ['max', point.max],
      ]);
    case 'summary': {
      const quantiles = point.quantileValues.slice(0, LIST_LIMIT);
      return parts([
        ['count', point.count],
        ['sum', point.sum],
        ...quantiles.map(({ quantile, value }) => [`p${round(quantile * 100)}`, value] as const),
      ]);
    }
  }
}

/** A number of a data point; `no value` where there is none. */
export function numberText(value: number | bigint | undefined): string {
  if (value === undefined) return 'no value';
  return Object.is(value, -0) ? '-0' : String(value);
}

function parts(values: readonly (readonly [string, number | bigint | undefined])[]): string {
  return values
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${numberText(value)}`)
    .join(', ');
}

/** Drops the error of binary fractions: the quantile 0.999 is p99.9. */
function round(value: number): number {
  return Number(value.toFixed(6));
}

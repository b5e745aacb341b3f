/**
 * Durations as Go's `time.ParseDuration` reads them, since the Collector's users write them so:
 *
 *     duration = [ "-" | "+" ] ( "0" | { number unit } )
 *     number   = digits [ "." [ digits ] ] | "." digits
 *     unit     = "ns" | "us" | "µs" | "ms" | "s" | "m" | "h"
 *
 * The micro sign (U+00B5) and the Greek letter mu (U+03BC) are both taken.
 */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const NUMBER = String.raw`(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)`;
const UNIT = '(?:ns|us|µs|μs|ms|s|m|h)';
const TERM = new RegExp(`(${NUMBER})(${UNIT})`, 'gy');

/** What a duration looks like, for JSON Schema; anchored. */
export const DURATION_PATTERN = `^[-+]?(?:0|(?:${NUMBER}${UNIT})+)$`;

const WHOLE = new RegExp(DURATION_PATTERN);

/** The largest duration that Go's 64-bit nanoseconds hold, in milliseconds (about 292 years). */
const MAX_MS = 9_223_372_036_854;

/**
 * Reads a duration such as `1m30s`, `200ms` or `0`. Returns milliseconds (a fraction below one millisecond), or
 * undefined if the text is no duration or one that 64 bits of nanoseconds cannot hold.
 */
export function parseDuration(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  let totalMs = 0;
  TERM.lastIndex = text.startsWith('-') || text.startsWith('+') ? 1 : 0;
  for (let term = TERM.exec(text); term !== null; term = TERM.exec(text)) {
    totalMs += Number(term[1]) * (UNIT_MS[term[2] as string] as number);
  }
  if (totalMs > MAX_MS) return undefined;
  return text.startsWith('-') && totalMs > 0 ? -totalMs : totalMs;
}

/** Writes milliseconds as the shortest common duration: `1500` as `1.5s`, `90000` as `1m30s`, `0` as `0s`. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms === 0) return '0s';
  if (ms < 1) return ms < 1e-3 ? `${round(ms * 1e6)}ns` : `${round(ms * 1e3)}us`;
  if (ms < 1000) return `${round(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = round((ms % 60_000) / 1000);
  return `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes}m` : ''}${seconds > 0 ? `${seconds}s` : ''}`;
}

/** Drops the error of binary fractions, beyond a nanosecond of a second. */
function round(value: number): number {
  return Number(value.toFixed(9));
}

/**
 * `grpc-timeout`: at most eight digits and a unit.
 *
 * Specification: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */

const UNITS_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

const MAX_DIGITS = 8;

/** The milliseconds that a field's value says; undefined where it says none. */
export function readTimeout(value: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  return match === null ? undefined : Number(match[1]) * UNITS_MS[match[2]!]!;
}

/** The field's value for so many milliseconds, rounded up to what it can say. */
export function writeTimeout(timeoutMs: number): string {
  for (const [unit, unitMs] of [
    ['m', 1],
    ['S', 1000],
    ['M', 60_000],
    ['H', 3_600_000],
  ] as const) {
    const count = Math.max(0, Math.ceil(timeoutMs / unitMs));
    if (count < 10 ** MAX_DIGITS) return `${count}${unit}`;
  }
  return `${'9'.repeat(MAX_DIGITS)}H`;
}

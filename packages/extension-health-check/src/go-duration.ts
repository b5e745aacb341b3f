const UNITS: readonly (readonly [name: string, nanoseconds: number])[] = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
];

/** Writes a duration as Go's `Duration.String` does: `1h0m0.005s`, `12.5s`, `1.5ms`, `0s`. `ms` is not negative. */
export function goDuration(ms: number): string {
  const nanoseconds = Math.round(ms * 1e6);
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e9) {
    const [name, size] = UNITS.findLast(([, unit]) => nanoseconds >= unit) ?? ['ns', 1];
    return `${nanoseconds / size}${name}`;
  }
  const seconds = Number(((nanoseconds % 60e9) / 1e9).toFixed(9));
  const minutes = Math.floor(nanoseconds / 60e9);
  const hours = Math.floor(minutes / 60);
  return `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes % 60}m` : ''}${seconds}s`;
}

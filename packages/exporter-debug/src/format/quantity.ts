/** Numbers as people read them. Widths are kept small and even, so that columns stay where they are. */

const NANOS_PER_MS = 1_000_000n;

/** A time of day with milliseconds, in the local time zone: `12:03:44.120`; dashes where there is no time. */
export function timeOfDay(unixNano: bigint): string {
  if (unixNano === 0n) return '--:--:--.---';
  const time = new Date(Number(unixNano / NANOS_PER_MS));
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

/** A point in time in full, in UTC, as Go prints it: `2023-11-11 04:49:03.509369393 +0000 UTC`. */
export function fullTime(unixNano: bigint): string {
  const seconds = new Date(Number(unixNano / NANOS_PER_MS)).toISOString().slice(0, 19).replace('T', ' ');
  const nanos = (unixNano % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${seconds}${nanos === '' ? '' : `.${nanos}`} +0000 UTC`;
}

/** A number of bytes: `512 B`, `1.2 KiB`, `34 MiB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  let value = count;
  let unit = -1;
  while (value >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${BYTE_UNITS[unit]}`;
}

const BYTE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** A duration of so many seconds: `350 µs`, `1.8 ms`, `2.1 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 0.0009995) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${digits(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${digits(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** One decimal where it tells something. */
function digits(value: number): string {
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}

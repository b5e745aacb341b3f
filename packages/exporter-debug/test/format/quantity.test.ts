import { describe, expect, it } from 'vitest';
import { bytes, duration, fullTime } from '../../src/format/quantity.ts';

describe('quantities', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [10_188, '9.9 KiB'],
    [10_240, '10 KiB'],
    [1_048_064, '1.0 MiB'],
    [1024 ** 6, '1.0 EiB'],
    [1024 ** 7, '1024 EiB'],
  ])('%d bytes are %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  it.each([
    [0, '0 µs'],
    [0.000_35, '350 µs'],
    [0.001, '1.0 ms'],
    [0.0123, '12 ms'],
    [0.9996, '1.0 s'],
    [59.9, '60 s'],
    [60, '1 min 0 s'],
    [3599.6, '1 h 0 min'],
    [7263.4, '2 h 1 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it('times are written as Go writes them, without zeros at the end', () => {
    expect(fullTime(1_700_000_000_509_369_393n)).toBe('2023-11-14 22:13:20.509369393 +0000 UTC');
    expect(fullTime(1_700_000_000_500_000_000n)).toBe('2023-11-14 22:13:20.5 +0000 UTC');
    expect(fullTime(0n)).toBe('1970-01-01 00:00:00 +0000 UTC');
  });
});

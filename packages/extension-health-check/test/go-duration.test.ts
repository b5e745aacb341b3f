import { expect, it } from 'vitest';
import { goDuration } from '../src/go-duration.ts';

it.each([
  [0, '0s'],
  [1e-6, '1ns'],
  [0.0015, '1.5µs'],
  [1.5, '1.5ms'],
  [999.999, '999.999ms'],
  [1000, '1s'],
  [12_345.678901, '12.345678901s'],
  [61_000, '1m1s'],
  [3_600_005, '1h0m0.005s'],
  [360_000_000, '100h0m0s'],
])('%d ms are %s, as Go writes them', (ms, text) => {
  expect(goDuration(ms)).toBe(text);
});

import { expect, test } from 'vitest';
import { quantityValue } from '../../src/objects/quantity.ts';

test.each([
  ['0', 0],
  ['4', 4],
  ['500m', 0.5],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['128Mi', 134_217_728],
  ['1k', 1000],
  ['1e3', 1000],
  ['2E', 2e18],
  ['2E2', 200],
  ['100n', 1e-7],
  ['-1', -1],
])('%s is %d', (text, value) => {
  expect(quantityValue(text)).toBeCloseTo(value, 12);
});

test.each(['', 'm', '1K', '1 Gi', '1e', '0x10', 'NaN', '1e9999'])('%j is no quantity', (text) => {
  expect(quantityValue(text)).toBeUndefined();
});

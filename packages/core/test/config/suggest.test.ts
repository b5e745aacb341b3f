import { expect, test } from 'vitest';
import { nearest } from '../../src/config/suggest.ts';

test.each([
  ['endpont', ['endpoint', 'timeout'], 'endpoint'],
  ['recievers', ['receivers', 'processors'], 'receivers'],
  ['otlphttp', ['otlp', 'otlp_http'], 'otlp_http'],
  ['max-age', ['max_age'], 'max_age'],
  ['Timeout', ['timeout'], 'timeout'],
  ['tsl', ['tls', 'cors'], 'tls'],
  ['abc', ['abd', 'abe'], 'abd'],
])('the nearest to %s among %j is %s', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected);
});

test.each([
  ['filelog', ['otlp', 'ebpf']],
  ['otlp', ['otlp']],
  ['a', ['b', 'bcd']],
  ['ab', ['ac']],
  ['x'.repeat(100), ['x'.repeat(99)]],
  ['anything', []],
])('nothing is near %s among %j', (word, candidates) => {
  expect(nearest(word, candidates)).toBeUndefined();
});

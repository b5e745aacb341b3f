import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { summarizeProfile } from '../src/hot-functions.ts';

const FILE = path.resolve(import.meta.dirname, '../../packages/core/src/otlp/check.ts');

const frame = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber });

it('sums the own time of each function, wherever it was called from, without idle time', () => {
  const url = pathToFileURL(FILE).href;
  const summary = summarizeProfile({
    nodes: [
      { id: 1, callFrame: frame('(root)') },
      { id: 2, callFrame: frame('(idle)') },
      { id: 3, callFrame: frame('(garbage collector)') },
      { id: 4, callFrame: frame('(program)') },
      { id: 5, callFrame: frame('checkMessage', url, 59) },
      { id: 6, callFrame: frame('checkMessage', url, 59) },
      { id: 7, callFrame: frame('writev') },
    ],
    samples: [5, 6, 2, 3, 4, 7, 7],
    // The first is the time before the first sample.
    timeDeltas: [9000, 1000, 2000, 4000, 500, 250, 1500],
  });
  expect(summary).toEqual({
    idleMs: 4,
    busyMs: 5.25,
    garbageMs: 0.5,
    nativeMs: 0.25,
    functions: [
      { name: 'checkMessage', place: 'packages/core/src/otlp/check.ts:60', selfMs: 3 },
      { name: 'writev', place: 'native', selfMs: 1.5 },
    ],
  });
});

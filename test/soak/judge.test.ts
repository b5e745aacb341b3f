/** The judge by itself: what it lets pass, and what it must not. */
import { expect, it } from 'vitest';
import { judge } from './judge.ts';
import type { MemorySample } from './memory-log.ts';
import type { AtRest, SoakResult } from './soak.ts';

const MIB = 1024 ** 2;
const REST: AtRest = {
  objects: { connections: 0 },
  resources: { TCPServerWrap: 5 },
  openFiles: 29,
  rssBytes: 120 * MIB,
  heapBytes: 26 * MIB,
  heapResidentBytes: 28 * MIB,
  bufferBytes: MIB,
  native: { inUseBytes: 14 * MIB, freeBytes: 4 * MIB },
};
const SERVED = { taken: 1000, lost: 0, repeated: 10, failures: [], longestMs: 100 };

/** Resident memory in MiB, a sample each. */
function under(...load: readonly number[]): readonly MemorySample[] {
  const mappings = { malloc: 0, files: 0, anonymous: 0, arenas: 0 };
  return load.map((mib) => ({ ...REST, rssBytes: mib * MIB, mappings }));
}

function judged(after: Partial<AtRest>, more: Partial<SoakResult> = {}): string[] {
  const samples = under(150, 200, 220, 220, 225, 215, 220, 221);
  const result = { before: REST, rests: [REST, { ...REST, ...after }], peakRssBytes: 240 * MIB, samples };
  return judge({ ...result, served: SERVED, mischief: {}, findings: [], ...more });
}

it('what is as it was passes, and so does memory that the process grew into early', () => {
  expect(judged({})).toEqual([]);
});

it.each<[string, Partial<AtRest>, string]>([
  ['a connection', { objects: { connections: 1 } }, '1 connections are held, 0 were'],
  ['a file', { openFiles: 30 }, '30 files are open, 29 were'],
  ['a kind of handle', { resources: { TCPServerWrap: 5, Timeout: 1 } }, '1 Timeout are held, 0 were'],
  ['the heap', { heapBytes: 27.5 * MIB }, 'the heap has 27.5 MiB, it had 26.0'],
  [
    "malloc's bytes",
    { native: { inUseBytes: 17 * MIB, freeBytes: 0 } },
    "17.0 MiB of malloc's are in use, 14.0 were",
  ],
])('one more of it is told: %s', (_, after, problem) => {
  expect(judged(after)).toEqual([problem]);
});

it('resident memory that climbs to the end is told', () => {
  expect(judged({}, { samples: under(150, 160, 170, 180, 190, 200, 210, 220) })).toEqual([
    '215.0 MiB were resident in the last quarter, 195.0 in the one before',
  ]);
});

it('too few samples of memory are told', () => {
  expect(judged({}, { samples: under(150, 160, 170) })).toEqual([
    'memory was written down 3 times, which is too few',
  ]);
});

it('connections that the server closes as they are used again are told', () => {
  expect(judged({}, { served: { ...SERVED, repeated: 11 } })).toEqual([
    '11 of 1000 requests found their connection closed',
  ]);
});

it('requests that were lost or not taken are told', () => {
  expect(judged({}, { served: { ...SERVED, lost: 2, failures: ['grpc: no answer'] } })).toEqual([
    'a good client was not served: grpc: no answer',
    '2 requests were acknowledged and are not at the backend',
  ]);
});

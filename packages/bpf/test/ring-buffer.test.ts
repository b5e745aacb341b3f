import { beforeEach, describe, expect, it } from 'vitest';
import { type BpfObject, type RecordHandler, RingBuffer } from '../src/index.ts';
import { u32, withFixture } from './fixture.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

/** What `write_records` in testdata/fixture.bpf.c writes: numbers with their lengths, every fifth discarded. */
function written(records: number): [number, number][] {
  const all: [number, number][] = [];
  for (let number = 0; number < records; number += 1) {
    if (number % 5 !== 4) all.push([number, [8, 13, 24][number % 3] as number]);
  }
  return all;
}

const gather =
  (into: [number, number][]): RecordHandler =>
  (view, offset, length) => {
    into.push([Number(view.getBigUint64(offset, true)), length]);
  };

beforeEach(skipWithoutBpf);

describe('RingBuffer', () => {
  it('hands over the published records in order, without the discarded ones', async () => {
    await withRing({ records: 50 }, async (ring, write) => {
      const seen: [number, number][] = [];
      await write();
      expect(ring.pendingBytes).toBeGreaterThan(0);
      expect(ring.drain(gather(seen))).toBe(40);
      expect(seen).toEqual(written(50));
      expect([ring.pendingBytes, ring.drain(gather(seen))]).toEqual([0, 0]);
    });
  });

  it('gives room back and reads over the end of the buffer, again and again', async () => {
    await withRing({ records: 70 }, async (ring, write, lost) => {
      for (let round = 0; round < 20; round += 1) {
        const seen: [number, number][] = [];
        await write();
        ring.drain(gather(seen));
        expect(seen).toEqual(written(70));
      }
      expect(lost()).toBe(0);
    });
  });

  it('leaves to the kernel what does not fit', async () => {
    await withRing({ records: 1000 }, async (ring, write, lost) => {
      const seen: [number, number][] = [];
      await write();
      ring.drain(gather(seen));
      expect(lost()).toBeGreaterThan(0);
      // The last one that fits may be a small one behind one that did not.
      expect(seen.slice(0, -5)).toEqual(written(1000).slice(0, seen.length - 5));
    });
  });

  it('stops at a limit and goes on from there', async () => {
    await withRing({ records: 50 }, async (ring, write) => {
      const seen: [number, number][] = [];
      await write();
      const drained = [];
      for (let count = -1; count !== 0; ) {
        count = ring.drain(gather(seen), 7);
        drained.push(count);
      }
      expect(drained).toEqual([7, 7, 7, 7, 7, 5, 0]);
      expect(seen).toEqual(written(50));
    });
  });

  it('counts a record as read whose handler throws', async () => {
    await withRing({ records: 4 }, async (ring, write) => {
      const seen: [number, number][] = [];
      await write();
      const fail = (): void => {
        throw new Error('no');
      };
      expect(() => ring.drain(fail)).toThrow('no');
      ring.drain(gather(seen));
      expect(seen).toEqual(written(4).slice(1));
    });
  });

  it('keeps 64-bit values as they are', async () => {
    await withRing({ records: 1, salt: 0xfedc_ba98_7654_3210n }, async (ring, write) => {
      const seen: bigint[] = [];
      await write();
      ring.drain((view, offset) => {
        seen.push(view.getBigUint64(offset, true));
      });
      expect(seen).toEqual([0xfedc_ba98_7654_3210n]);
    });
  });

  it('reads nothing after it was closed, which it may be twice', async () => {
    await withRing({ records: 5 }, async (ring, write) => {
      await write();
      ring.close();
      ring.close();
      expect([ring.drain(() => undefined), ring.pendingBytes]).toEqual([0, 0]);
    });
  });

  it('says that a map which is none cannot be mapped', async () => {
    await withFixture({}, (object) => {
      expect(() => new RingBuffer(object.map('table'))).toThrow(
        /^bpf: ring buffer "table" cannot be mapped \(.+\)\. Give this process more memory, or make the ring buffer smaller \(ring_buffer_bytes\)\.$/,
      );
    });
  });
});

async function withRing(
  knobs: { records: number; salt?: bigint },
  work: (ring: RingBuffer, write: () => Promise<void>, lost: () => number) => Promise<void>,
): Promise<void> {
  await withFixture({ knobs }, async (object) => {
    const iterator = object.load('write_records').attachIterator();
    const ring = new RingBuffer(object.map('ring'));
    try {
      await work(
        ring,
        () => iterator.run(() => true),
        () => lostRecords(object),
      );
    } finally {
      ring.close();
    }
  });
}

function lostRecords(object: BpfObject): number {
  const map = object.map('per_cpu');
  const view = new DataView((map.lookup(u32(1)) as Uint8Array).buffer);
  let sum = 0;
  for (let cpu = 0; cpu < map.valuesPerEntry; cpu += 1) sum += view.getUint32(cpu * map.valueStride, true);
  return sum;
}

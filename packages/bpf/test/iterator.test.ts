import { beforeEach, describe, expect, it } from 'vitest';
import { enableProgramStats } from '../src/index.ts';
import { u32, withFixture } from './fixture.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

const ENTRIES = 9000;

beforeEach(skipWithoutBpf);

describe('BpfIterator', () => {
  it('hands over what the program wrote for each element of a map, over many pages, no record cut', async () => {
    await withTable(async (iterator) => {
      const seen = new Map<number, number>();
      let pages = 0;
      await iterator.run((view, length) => {
        pages += 1;
        expect(length % 16).toBe(0);
        for (let offset = 0; offset < length; offset += 16) {
          seen.set(Number(view.getBigUint64(offset, true)), Number(view.getBigUint64(offset + 8, true)));
        }
        return true;
      });
      // An entry is seen twice where a page ended in its bucket, but none is left out.
      expect(seen).toEqual(new Map(Array.from({ length: ENTRIES }, (_, key) => [key, key * 2])));
      expect(pages).toBeGreaterThan(1);
    });
  });

  it('ends a run when it is told to', async () => {
    await withTable(async (iterator) => {
      let pages = 0;
      await iterator.run(() => {
        pages += 1;
        return false;
      });
      expect(pages).toBe(1);
    });
  });

  it('begins anew with each run', async () => {
    await withFixture({}, async (object) => {
      const iterator = object.load('number_maps').attachIterator();
      const first: number[] = [];
      for (let run = 0; run < 2; run += 1) {
        await iterator.run((view) => {
          first.push(Number(view.getBigUint64(0, true)));
          return true;
        });
      }
      expect(first).toEqual([0, 0]);
    });
  });
});

describe('enableProgramStats', () => {
  it('has the kernel count runs and their time while it is in force', async () => {
    await withTable(async (iterator, stats) => {
      const disable = enableProgramStats();
      await iterator.run(() => true);
      disable();
      disable();
      const { runCount, runTimeNs } = stats();
      expect(runCount).toBeGreaterThanOrEqual(BigInt(ENTRIES));
      expect(runTimeNs).toBeGreaterThan(0n);
    });
  });
});

type Program = ReturnType<import('../src/index.ts').BpfObject['load']>;

async function withTable(
  work: (iterator: ReturnType<Program['attachIterator']>, stats: Program['stats']) => Promise<void>,
): Promise<void> {
  await withFixture({ maxEntries: { table: ENTRIES } }, async (object) => {
    const table = object.map('table');
    const value = new Uint8Array(24);
    for (let key = 0; key < ENTRIES; key += 1) {
      new DataView(value.buffer).setBigUint64(0, BigInt(key * 2), true);
      table.update(u32(key), value);
    }
    const program = object.load('dump_table');
    await work(program.attachIterator(table.fd), () => program.stats());
  });
}

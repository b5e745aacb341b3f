import { describe, expect, it } from 'vitest';
import type { CgroupName } from '../../src/cgroups/cgroup-names.ts';
import { type DropSeries, DropSeriesStore } from '../../src/drops/drop-series.ts';
import type { DropEntry } from '../../src/drops/kernel-drops.ts';
import { DROP_KEY } from '../../src/generated/drops-layout.ts';

const SECOND_NS = 1_000_000_000n;
const START_NS = 1_700_000_000n * SECOND_NS;

/** The time so many seconds after the start, on both clocks. */
function at(seconds: number, clockStepNs = 0n) {
  return { nowMs: seconds * 1000, nowUnixNs: START_NS + BigInt(seconds) * SECOND_NS + clockStepNs };
}

interface KeyFields {
  readonly cgroupId?: number;
  readonly reason?: number;
  readonly interfaceIndex?: number;
}

function entry(
  packets: number,
  { cgroupId = 0, reason = 12, interfaceIndex = 2 }: KeyFields = {},
): DropEntry {
  const key = new Uint8Array(DROP_KEY.size);
  const view = new DataView(key.buffer);
  view.setBigUint64(DROP_KEY.cgroup_id, BigInt(cgroupId), true);
  view.setUint32(DROP_KEY.network_namespace, 4026531840, true);
  view.setUint32(DROP_KEY.reason, reason, true);
  view.setUint32(DROP_KEY.interface_index, interfaceIndex, true);
  view.setUint8(DROP_KEY.direction, 1);
  view.setUint8(DROP_KEY.ip_version, 4);
  view.setUint8(DROP_KEY.transport, 6);
  return { key, packets, interfaceName: 'eth0' };
}

const CGROUPS: Readonly<Record<number, CgroupName>> = {
  5: { path: '/a', attributes: [] } as unknown as CgroupName,
};

/** A store, and what it says after readings. */
function storeOf(maxEntries = 100) {
  const store = new DropSeriesStore(maxEntries, (id) => CGROUPS[id], at(0));
  return {
    store,
    read: (seconds: number, entries: readonly DropEntry[], clockStepNs = 0n) => {
      store.update(at(seconds, clockStepNs), (handle) => entries.forEach(handle));
      return [...store.series.values()].map(({ packets, startUnixNs, cgroup }) => ({
        packets,
        start: Number((startUnixNs - START_NS) / SECOND_NS),
        cgroup: cgroup?.path,
      }));
    },
  };
}

describe('DropSeriesStore', () => {
  it('says nothing before anything was dropped', () => {
    expect(storeOf().read(10, [])).toEqual([]);
  });

  it('has every field of the key', () => {
    const { store, read } = storeOf();
    read(10, [entry(3, { cgroupId: 5 })]);
    expect([...store.series.values()]).toEqual<DropSeries[]>([
      {
        reason: 12,
        direction: 1,
        ipVersion: 4,
        transport: 6,
        networkNamespace: 4026531840,
        interfaceName: 'eth0',
        cgroup: CGROUPS[5],
        packets: 3,
        startUnixNs: START_NS,
        changedMs: 10_000,
      },
    ]);
  });

  it('counts on from reading to reading, each from the reading before it was first seen', () => {
    const { read } = storeOf();
    expect(read(10, [entry(3)])).toEqual([{ packets: 3, start: 0, cgroup: undefined }]);
    expect(read(20, [entry(3)])).toEqual([{ packets: 3, start: 0, cgroup: undefined }]);
    expect(read(30, [entry(7), entry(1, { cgroupId: 5 })])).toEqual([
      { packets: 7, start: 0, cgroup: undefined },
      { packets: 1, start: 20, cgroup: '/a' },
    ]);
  });

  it('sums up what one data point says: unknown cgroups, an interface that was made anew', () => {
    const { read } = storeOf();
    const entries = [entry(1, { cgroupId: 6 }), entry(2, { cgroupId: 7 }), entry(4, { interfaceIndex: 9 })];
    expect(read(10, entries)).toEqual([{ packets: 7, start: 0, cgroup: undefined }]);
  });

  it('forgets what has not grown for ten minutes, and begins anew when it does', () => {
    const { store, read } = storeOf();
    const removed: number[] = [];
    const forget = () => store.forgetIdle((_, packets) => removed.push(packets) > 0);
    read(10, [entry(3)]);
    read(610, [entry(3)]);
    forget();
    expect([removed, store.series.size]).toEqual([[], 1]);
    read(611, [entry(3)]);
    forget();
    expect([removed, store.series.size]).toEqual([[3], 0]);
    expect(read(700, [entry(2)])).toEqual([{ packets: 2, start: 611, cgroup: undefined }]);
  });

  it('keeps what grew while it was about to be forgotten', () => {
    const { store, read } = storeOf();
    read(10, [entry(3)]);
    read(1000, [entry(3)]);
    store.forgetIdle(() => false);
    expect(read(1010, [entry(5)])).toEqual([{ packets: 2, start: 1000, cgroup: undefined }]);
  });

  it('forgets earlier once the map of the kernel fills up', () => {
    const { store, read } = storeOf(4);
    const four = [1, 2, 3, 4].map((reason) => entry(1, { reason }));
    read(10, four);
    read(20, [...four.slice(0, 3), entry(2, { reason: 4 })]);
    const removed: number[] = [];
    store.forgetIdle((_, packets) => removed.push(packets) > 0);
    expect([removed, [...store.series.values()].map(({ reason }) => reason)]).toEqual([[1, 1, 1], [4]]);
  });

  it('begins anew when the clock was set back, so that no data point ends before it begins', () => {
    const { read } = storeOf();
    read(10, [entry(3)]);
    expect(read(20, [entry(5)], -3600n * SECOND_NS)).toEqual([
      { packets: 2, start: 10 - 3600, cgroup: undefined },
    ]);
    expect(read(30, [entry(6)], -3600n * SECOND_NS)).toEqual([
      { packets: 3, start: 10 - 3600, cgroup: undefined },
    ]);
  });
});

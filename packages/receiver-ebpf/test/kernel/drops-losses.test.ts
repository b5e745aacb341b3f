import { Btf } from '@tributary/bpf';
import { beforeEach, describe, expect, it } from 'vitest';
import { DropReasons } from '../../src/drops/drop-reasons.ts';
import { KernelDrops } from '../../src/drops/kernel-drops.ts';
import { NO_LOSS_REASONS } from '../../src/drops/no-loss-reasons.ts';
import { DROP_KEY, FLOW_DROP_KEY } from '../../src/generated/drops-layout.ts';
import { withLab } from './lab.ts';
import { namespaceInode, sendPackets } from './packets.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

beforeEach(skipWithoutBpf);

/** Counts with room for so many combinations while `work` runs. */
async function counting(
  options: { readonly maxSeries: number; readonly byFlow: boolean },
  work: (kernel: KernelDrops) => Promise<void>,
): Promise<void> {
  const { entries } = new DropReasons(Btf.ofKernel()).leftOut(NO_LOSS_REASONS);
  const kernel = new KernelDrops({ ...options, leftOut: entries });
  try {
    await work(kernel);
  } finally {
    kernel.close();
  }
}

const UDP = 17;

/** True for UDP in a namespace: a new one has other packets of the kernel's own. */
function isUdpIn(namespace: number, key: Uint8Array): boolean {
  const view = new DataView(key.buffer, key.byteOffset);
  return (
    view.getUint32(DROP_KEY.network_namespace, true) === namespace &&
    view.getUint8(DROP_KEY.transport) === UDP
  );
}

describe('a dropped packet that cannot be counted', () => {
  it('for want of room in the map is counted as lost: entries and losses together are all', async () => {
    await withLab((lab) =>
      counting({ maxSeries: 1, byFlow: false }, async (kernel) => {
        sendPackets(lab.client, { protocol: 'udp', to: lab.serverAddress, port: 9, count: 200 });
        sendPackets(lab.client, { protocol: 'udp', to: lab.serverAddress6, port: 9, count: 300 });
        let packets = 0;
        let entries = 0;
        kernel.read((entry) => {
          packets += entry.packets;
          entries += 1;
        });
        const { map_full: lost } = kernel.losses();
        // Others' packets on this machine are among them; of ours one kind at most has the entry.
        expect(entries).toBe(1);
        expect(lost).toBeGreaterThanOrEqual(200);
        expect(packets + lost).toBeGreaterThanOrEqual(500);
      }),
    );
  });

  it('on its flow is in the metric all the same, and counted', async () => {
    const FLOWS = 20_000;
    const ROOM = 16_384;
    await withLab((lab) =>
      counting({ maxSeries: 1024, byFlow: true }, async (kernel) => {
        sendPackets(lab.client, {
          protocol: 'udp',
          to: lab.serverAddress,
          port: 10_000,
          count: FLOWS,
          ports: FLOWS,
        });
        const server = namespaceInode(lab.server);
        let packets = 0;
        kernel.read((entry) => {
          if (isUdpIn(server, entry.key)) packets += entry.packets;
        });
        let ofFlows = 0;
        kernel.takeFlows((keys, offset, count) => {
          if (keys.getUint32(offset + FLOW_DROP_KEY.network_namespace, true) === server) ofFlows += count;
        });
        const { flow_map_full: lost } = kernel.losses();
        expect(packets).toBe(FLOWS);
        // Others' flows on this machine may have taken room, or been lost.
        expect(ofFlows).toBeLessThanOrEqual(ROOM);
        expect(ofFlows + lost).toBeGreaterThanOrEqual(FLOWS);
        // With room again nothing more is lost, and what was taken is gone.
        sendPackets(lab.client, { protocol: 'udp', to: lab.serverAddress, port: 9, count: 5 });
        let later = 0;
        kernel.takeFlows((keys, offset, count) => {
          if (keys.getUint32(offset + FLOW_DROP_KEY.network_namespace, true) === server) later += count;
        });
        expect([later, kernel.losses().flow_map_full]).toEqual([5, lost]);
      }),
    );
  });

  it('is still known to be lost after the end', async () => {
    const kernel = new KernelDrops({ maxSeries: 256, byFlow: false, leftOut: [] });
    kernel.close();
    kernel.close();
    expect(kernel.losses()).toEqual({ map_full: 0, flow_map_full: 0, missed_events: expect.any(Number) });
  });
});

describe('an entry that is removed', () => {
  it('is not, if it has grown meanwhile; what comes after has one of its own', async () => {
    await withLab((lab) =>
      counting({ maxSeries: 1024, byFlow: false }, async (kernel) => {
        const server = namespaceInode(lab.server);
        const step = { protocol: 'udp', to: lab.serverAddress, port: 9 };
        const read = (): { key: Uint8Array; packets: number }[] => {
          const found: { key: Uint8Array; packets: number }[] = [];
          kernel.read(({ key, packets }) => {
            if (isUdpIn(server, key)) found.push({ key: key.slice(), packets });
          });
          return found;
        };
        sendPackets(lab.client, { ...step, count: 3 });
        const [entry] = read();
        if (entry === undefined) throw new Error('nothing was counted');
        sendPackets(lab.client, { ...step, count: 4 });
        expect(kernel.remove(entry.key, 3)).toBe(false);
        expect(read().map(({ packets }) => packets)).toEqual([7]);
        expect(kernel.remove(entry.key, 7)).toBe(true);
        expect(read()).toEqual([]);
        sendPackets(lab.client, { ...step, count: 2 });
        expect(read().map(({ packets }) => packets)).toEqual([2]);
      }),
    );
  });
});

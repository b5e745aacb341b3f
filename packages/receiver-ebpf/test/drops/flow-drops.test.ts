import { describe, expect, it } from 'vitest';
import { type DropsOf, FlowDrops } from '../../src/drops/flow-drops.ts';
import { FLOW_DROP_KEY } from '../../src/generated/drops-layout.ts';

const TCP = 6;
const UDP = 17;

interface Dropped {
  readonly from: readonly [address: string, port: number];
  readonly to: readonly [address: string, port: number];
  readonly namespace: number;
  readonly packets: number;
  readonly transport?: number;
}

/** A kernel that has counted what `next` is given. */
function kernel() {
  let counted: readonly Dropped[] = [];
  return {
    next: (...drops: readonly Dropped[]) => {
      counted = drops;
    },
    takeFlows: (handle: (keys: DataView, offset: number, packets: number) => void) => {
      const taken = counted;
      counted = [];
      // Behind another, as in a batch.
      for (const drop of taken) handle(new DataView(keyOf(drop)), FLOW_DROP_KEY.size, drop.packets);
    },
  };
}

function keyOf({ from, to, namespace, transport = TCP }: Dropped): ArrayBuffer {
  const bytes = new Uint8Array(2 * FLOW_DROP_KEY.size);
  const key = bytes.subarray(FLOW_DROP_KEY.size);
  const view = new DataView(key.buffer, key.byteOffset);
  key.set(mapped(from[0]), FLOW_DROP_KEY.source_address);
  key.set(mapped(to[0]), FLOW_DROP_KEY.destination_address);
  view.setUint32(FLOW_DROP_KEY.network_namespace, namespace, true);
  view.setUint16(FLOW_DROP_KEY.source_port, from[1], true);
  view.setUint16(FLOW_DROP_KEY.destination_port, to[1], true);
  view.setUint8(FLOW_DROP_KEY.transport, transport);
  return bytes.buffer;
}

const mapped = (address: string): number[] => [
  ...Array<number>(10).fill(0),
  0xff,
  0xff,
  ...address.split('.').map(Number),
];

const CLIENT = ['10.0.0.1', 40000] as const;
const SERVER = ['10.0.0.2', 80] as const;

/** The client's end of the flow between the two. */
const FLOW: DropsOf = {
  transport: 'tcp',
  isClosed: false,
  timeLow: 0,
  timeHigh: 0,
  networkNamespace: 1,
  localAddress: CLIENT[0],
  localPort: CLIENT[1],
  remoteAddress: SERVER[0],
  remotePort: SERVER[1],
};

const SERVER_FLOW: DropsOf = {
  ...FLOW,
  networkNamespace: 2,
  localAddress: SERVER[0],
  localPort: SERVER[1],
  remoteAddress: CLIENT[0],
  remotePort: CLIENT[1],
};

function flowDrops(maxPairs?: number) {
  const clock = { nowMs: 0 };
  const drops = new FlowDrops(() => clock.nowMs * 1e6, maxPairs);
  const source = kernel();
  drops.connect(source);
  return { drops, source, clock };
}

describe('FlowDrops', () => {
  it('knows nothing where drops are not counted', () => {
    expect(new FlowDrops().take(FLOW)).toBeUndefined();
  });

  it('gives the packets of both directions, once', () => {
    const { drops, source } = flowDrops();
    source.next(
      { from: CLIENT, to: SERVER, namespace: 1, packets: 3 },
      { from: SERVER, to: CLIENT, namespace: 1, packets: 4 },
    );
    drops.refresh();
    expect([drops.take(FLOW), drops.take(FLOW), drops.take(SERVER_FLOW)]).toEqual([7, 0, 0]);
    expect([drops.attributed, drops.unattributed]).toEqual([7, 0]);
  });

  it('looks once more for a last record that was made since it last looked', () => {
    const { drops, source, clock } = flowDrops();
    clock.nowMs = 5;
    drops.refresh();
    source.next({ from: CLIENT, to: SERVER, namespace: 1, packets: 3 });
    expect(drops.take({ ...FLOW, timeLow: 6e6 })).toBe(0);
    expect(drops.take({ ...FLOW, isClosed: true, timeLow: 4e6 })).toBe(0);
    expect(drops.take({ ...FLOW, isClosed: true, timeLow: 6e6 })).toBe(3);
  });

  it('gives what was dropped in another namespace to the end that asks first', () => {
    const { drops, source } = flowDrops();
    source.next({ from: CLIENT, to: SERVER, namespace: 99, packets: 5 });
    drops.refresh();
    expect([drops.take(SERVER_FLOW), drops.take(FLOW)]).toEqual([5, 0]);
  });

  it.each([
    ['another port', { ...FLOW, localPort: 40001 }],
    ['another address', { ...FLOW, remoteAddress: '10.0.0.3' }],
    ['another protocol', { ...FLOW, transport: 'udp' as const }],
  ])('gives nothing to a flow with %s', (_, other) => {
    const { drops, source } = flowDrops();
    source.next({ from: CLIENT, to: SERVER, namespace: 1, packets: 5 });
    drops.refresh();
    expect([drops.take(other), drops.take(FLOW)]).toEqual([0, 5]);
  });

  it('tells UDP from TCP', () => {
    const { drops, source } = flowDrops();
    source.next({ from: CLIENT, to: SERVER, namespace: 1, packets: 5, transport: UDP });
    drops.refresh();
    expect([drops.take(FLOW), drops.take({ ...FLOW, transport: 'udp' })]).toEqual([0, 5]);
  });

  it('gives nothing of another namespace where every namespace has the addresses', () => {
    const { drops, source } = flowDrops();
    const [from, to] = [['127.0.0.1', 40000] as const, ['127.0.0.1', 80] as const];
    source.next({ from, to, namespace: 2, packets: 5 }, { from, to, namespace: 1, packets: 6 });
    drops.refresh();
    expect(drops.take({ ...FLOW, localAddress: from[0], remoteAddress: to[0] })).toBe(6);
  });

  it('gathers over readings, and gives up after five minutes what no flow asked for', () => {
    const { drops, source, clock } = flowDrops();
    source.next({ from: CLIENT, to: SERVER, namespace: 1, packets: 1 });
    drops.refresh();
    clock.nowMs = 1000;
    source.next(
      { from: CLIENT, to: SERVER, namespace: 1, packets: 2 },
      { from: SERVER, to: CLIENT, namespace: 1, packets: 4 },
    );
    drops.refresh();
    clock.nowMs = 300_001;
    drops.refresh();
    expect([drops.unattributed, drops.take(FLOW)]).toEqual([3, 4]);
  });

  it('keeps so many address pairs and no more: the oldest go', () => {
    const { drops, source } = flowDrops(10);
    const flowOf = (index: number): DropsOf => ({ ...FLOW, localPort: 40000 + index });
    const many = Array.from({ length: 13 }, (_, index) => ({
      from: [CLIENT[0], 40000 + index] as const,
      to: SERVER,
      namespace: 1,
      packets: 1,
    }));
    source.next(...many);
    drops.refresh();
    expect(drops.unattributed).toBe(3);
    expect([drops.take(flowOf(2)), drops.take(flowOf(3))]).toEqual([0, 1]);
    drops.connect(undefined);
    expect([drops.attributed, drops.unattributed]).toEqual([1, 12]);
  });
});

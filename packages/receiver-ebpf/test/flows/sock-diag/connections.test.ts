import { describe, expect, it } from 'vitest';
import {
  type Connection,
  Connections,
  type End,
  type Remains,
} from '../../../src/flows/sock-diag/connections.ts';
import { emptyTcpReading, TCP_STATE, type TcpReading } from '../../../src/flows/sock-diag/inet-diag.ts';

const { ESTABLISHED, CLOSE_WAIT, FIN_WAIT2, TIME_WAIT, LISTEN, CLOSE } = TCP_STATE;

/** A socket that sent 100 bytes, all acknowledged, and received 50: of the end that was asked, unless said otherwise. */
function reading(changes: Partial<TcpReading>): TcpReading {
  return {
    ...emptyTcpReading(),
    family: 2,
    state: ESTABLISHED,
    cookie: 1,
    localPort: 40_000,
    remotePort: 50_000,
    inode: 7,
    cgroupId: 70,
    hasInfo: true,
    ackedSequence: 100,
    sentBytes: 100,
    receivedSequence: 50,
    receivedDataSegments: 1,
    sentSegments: 5,
    receivedSegments: 6,
    ...changes,
  };
}

const ended = (changes: Partial<TcpReading>): TcpReading =>
  reading({ state: CLOSE, inode: 0, cgroupId: 0, ...changes });

const nothing: Remains = () => undefined;

function table(): { connections: Connections; lost: Connection[] } {
  const lost: Connection[] = [];
  return { connections: new Connections({ onLost: (connection) => lost.push(connection) }), lost };
}

/** A local IPv4 address, and a remote one. */
function addresses(local: string): DataView {
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
  return new DataView(
    Uint8Array.from([...mapped, ...local.split('.').map(Number), ...mapped, 10, 0, 0, 9]).buffer,
  );
}

/** What an end says: how many bytes each way, which end it was, and why it ended. */
function told(end: End | 'none' | 'wiped'): unknown {
  if (typeof end === 'string') return end;
  const { isSource, now } = end.connection;
  return { isSource, sent: now.sentBytes, received: now.receivedBytes, reason: end.reason };
}

describe('a connection that ended before it was ever listed', () => {
  const SYN = 1;
  const FIN = 1;
  it.each<[string, Partial<TcpReading>, Remains, unknown]>([
    [
      'was closed by both, here last, after all was read',
      { ackedSequence: 100 + FIN, receivedSequence: 50 + FIN },
      nothing,
      { isSource: false, sent: 100, received: 50, reason: 'closed' },
    ],
    [
      'was closed here first: the FIN came to what remained of it',
      { ackedSequence: 100 + SYN + FIN },
      () => FIN_WAIT2,
      { isSource: true, sent: 100, received: 50, reason: 'closed' },
    ],
    [
      'was closed here first, and the FIN came with the answer, unread',
      { ackedSequence: 100 + SYN + FIN, receivedSequence: 50 + FIN, receiveQueue: 1 },
      () => TIME_WAIT,
      { isSource: true, sent: 100, received: 50, reason: 'closed' },
    ],
    [
      'received a FIN and no data',
      { ackedSequence: 100 + SYN + FIN, receivedSequence: FIN, receivedDataSegments: 0 },
      nothing,
      { isSource: true, sent: 100, received: 0, reason: 'closed' },
    ],
    [
      'was reset with nothing left to read',
      { ackedSequence: 100 },
      nothing,
      { isSource: false, sent: 100, received: 50, reason: 'reset' },
    ],
    [
      'was given up or reset with something left to read',
      { ackedSequence: 100, receiveQueue: 50 },
      nothing,
      { isSource: false, sent: 100, received: 50, reason: undefined },
    ],
    [
      'sent what was never acknowledged',
      { ackedSequence: 60, sendQueue: 50, unsentBytes: 10, unansweredRetransmits: 3 },
      nothing,
      { isSource: false, sent: 100, received: 50, reason: undefined },
    ],
    [
      'sent some of it again',
      { ackedSequence: 100, sentBytes: 130, resentBytes: 30 },
      nothing,
      { isSource: false, sent: 100, received: 50, reason: 'reset' },
    ],
    [
      'sent one FIN or SYN, and a FIN it must be, for something remains',
      { ackedSequence: 101 },
      () => TIME_WAIT,
      { isSource: false, sent: 100, received: 50, reason: 'closed' },
    ],
    [
      'was refused',
      {
        ackedSequence: 0,
        sentBytes: 0,
        sendQueue: 1,
        receivedSequence: 0,
        receivedSegments: 1,
        localPort: 50_001,
      },
      nothing,
      { isSource: true, sent: 0, received: 0, reason: 'refused' },
    ],
    [
      'got no answer at all',
      { ackedSequence: 0, sentBytes: 0, sendQueue: 1, receivedSequence: 0, receivedSegments: 0 },
      nothing,
      { isSource: true, sent: 0, received: 0, reason: undefined },
    ],
  ])('%s', (_, changes, remains, expected) => {
    expect(told(table().connections.end(ended(changes), remains))).toEqual(expected);
  });

  it('has the cgroup of what listens on its port', () => {
    const { connections } = table();
    connections.beginDump();
    connections.see(
      reading({ state: LISTEN, cookie: 9, localPort: 40_000, remotePort: 0, cgroupId: 33 }),
      true,
      true,
    );
    connections.endDump(() => {});
    const end = connections.end(ended({ ackedSequence: 101, receivedSequence: 51 }), nothing);
    expect(typeof end === 'string' ? end : end.connection).toMatchObject({ isSource: false, cgroupId: 33 });
  });

  it('has the cgroup of what listens at its address, where several share the port', () => {
    const { connections } = table();
    connections.beginDump();
    const listeners = [
      { addresses: addresses('127.0.0.1'), cookie: 9, inode: 1, cgroupId: 33 },
      { addresses: addresses('0.0.0.0'), cookie: 10, inode: 2, cgroupId: 44 },
    ];
    for (const listener of listeners) connections.see(reading({ state: LISTEN, ...listener }), true, true);
    connections.endDump(() => {});
    const cgroupOf = (local: string): unknown => {
      const end = connections.end(ended({ ackedSequence: 101, addresses: addresses(local) }), nothing);
      return typeof end === 'string' ? end : end.connection.cgroupId;
    };
    expect(['127.0.0.1', '10.0.0.7'].map(cgroupOf)).toEqual([33, 44]);
    expect([...connections.listeners.inodes()]).toEqual([1, 2]);
  });

  it('has no cgroup if several listen on its port', () => {
    const { connections } = table();
    connections.beginDump();
    for (const cgroupId of [33, 44]) {
      connections.see(reading({ state: LISTEN, cookie: cgroupId, localPort: 40_000, cgroupId }), true, true);
    }
    connections.endDump(() => {});
    const end = connections.end(ended({ ackedSequence: 101 }), nothing);
    expect(typeof end === 'string' ? end : end.connection.cgroupId).toBe(0);
  });

  it.each([
    ['is none, if the socket listened or was never connected', { remotePort: 0, sendQueue: 0 }, 'none'],
    ['is none, if the kernel counts nothing for it', { hasInfo: false }, 'none'],
    ['is wiped, if it could not connect or did not linger', { remotePort: 0, sendQueue: 3 }, 'wiped'],
  ])('%s', (_, changes, expected) => {
    expect(told(table().connections.end(ended(changes), nothing))).toBe(expected);
  });
});

describe('a connection that is listed', () => {
  const list = (connections: Connections, ...readings: TcpReading[]): Connection[] => {
    const missing: Connection[] = [];
    connections.beginDump();
    for (const each of readings) connections.see(each, false, true);
    connections.endDump((connection) => missing.push(connection));
    return missing;
  };

  it('keeps the end that it was when its counters said so', () => {
    const { connections } = table();
    list(connections, reading({ ackedSequence: 101 }));
    expect(
      told(connections.end(ended({ ackedSequence: 102, receiveQueue: 1, receivedSequence: 51 }), nothing)),
    ).toEqual({
      isSource: true,
      sent: 100,
      received: 50,
      reason: 'closed',
    });
  });

  it('has the FIN that it had received counted as such, however it ends', () => {
    const { connections } = table();
    list(connections, reading({ state: CLOSE_WAIT, receivedSequence: 51 }));
    const [connection] = [...connections.values()];
    expect(connection?.now.receivedBytes).toBe(50);
    expect(told(connections.end(ended({ receivedSequence: 51 }), nothing))).toMatchObject({ received: 50 });
  });

  it('is missing from later lists, and told at its end', () => {
    const { connections } = table();
    expect(list(connections, reading({}))).toEqual([]);
    expect(list(connections).map(({ cookie }) => cookie)).toEqual([1]);
    expect(told(connections.end(ended({ ackedSequence: 101 }), nothing))).toMatchObject({ reason: 'closed' });
    expect(connections.size).toBe(0);
  });

  it('is not told of twice when it was given up before its end', () => {
    const { connections, lost } = table();
    list(connections, reading({}));
    for (const connection of list(connections)) connections.lose(connection);
    expect(lost.map(({ cookie }) => cookie)).toEqual([1]);
    expect(connections.end(ended({}), nothing)).toBe('none');
  });

  it('does not come back by a list that was begun before its end', () => {
    const { connections } = table();
    connections.beginDump();
    connections.end(ended({}), nothing);
    connections.see(reading({}), false, true);
    connections.endDump(() => {});
    expect(connections.size).toBe(0);
  });

  it('is lost when its socket is connected once more, and the next one begins', () => {
    const { connections, lost } = table();
    list(connections, reading({ localPort: 40_000 }));
    list(connections, reading({ localPort: 40_001 }));
    expect(lost.map(({ localPort }) => localPort)).toEqual([40_000]);
    expect([...connections.values()].map(({ localPort }) => localPort)).toEqual([40_001]);
  });

  it('is lost, once, when the kernel has wiped it at its end', () => {
    const { connections, lost } = table();
    list(connections, reading({}));
    expect(connections.end(ended({ remotePort: 0, sendQueue: 3 }), nothing)).toBe('none');
    expect(lost).toHaveLength(1);
  });

  it('is not kept if there is no room', () => {
    const { connections } = table();
    connections.beginDump();
    expect(connections.see(reading({}), false, false)).toBe(false);
    expect(connections.size).toBe(0);
  });

  it('has nothing to report of before the receiver', () => {
    const { connections } = table();
    connections.beginDump();
    connections.see(reading({}), true, true);
    const [connection] = [...connections.values()];
    expect(connection?.reported).toEqual(connection?.now);
  });
});

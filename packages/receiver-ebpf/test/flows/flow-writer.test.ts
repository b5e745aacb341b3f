import type { Batch } from '@tributary/core';
import { batchJson } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { CgroupNames } from '../../src/cgroups/cgroup-names.ts';
import { emptyFlowRecord, type FlowRecord } from '../../src/flows/flow-record.ts';
import { FlowWriter } from '../../src/flows/flow-writer.ts';

/** 2026-11-22T08:00:00Z, less the time since the machine started. */
const MONOTONIC_TO_UNIX_NS = 1_795_334_400_000_000_000n - 5_000_000_000n;

/** As seen by the end that opened the connection, with everything that a record can say. */
const CLOSED: Partial<FlowRecord> = {
  isSource: true,
  isClosed: true,
  endReason: 'closed',
  localAddress: '10.2.7.31',
  localPort: 40_000,
  remoteAddress: '192.0.2.1',
  remotePort: 443,
  timeLow: Number(6_000_000_001n & 0xffff_ffffn),
  timeHigh: 1,
  durationSeconds: 1.5,
  sentBytes: 80,
  receivedBytes: 5_000_000_000,
  sentPackets: 12,
  receivedPackets: 3_500_000,
  retransmits: 3,
  drops: 2,
  rttSeconds: 0.00025,
  minRttSeconds: 0.0002,
  connectSeconds: 0.00125,
  windowLimitedSeconds: 0.004,
  isLocalWindowZero: false,
  isRemoteWindowZero: true,
  pid: 4711,
  executable: 'curl',
};

describe('FlowWriter', () => {
  it('writes a closed connection as seen by the end that opened it', () => {
    expect(write([CLOSED])).toEqual({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'host.name', value: { stringValue: 'node-1' } }] },
          scopeLogs: [
            {
              scope: { name: '@tributary/receiver-ebpf', version: '1.2.3' },
              logRecords: [
                {
                  timeUnixNano: '1795334401000000001',
                  observedTimeUnixNano: '1795334402000000000',
                  eventName: 'network.flow',
                  attributes: [
                    { key: 'network.transport', value: { stringValue: 'tcp' } },
                    { key: 'network.type', value: { stringValue: 'ipv4' } },
                    { key: 'flow.observer', value: { stringValue: 'source' } },
                    { key: 'flow.state', value: { stringValue: 'closed' } },
                    { key: 'flow.end_reason', value: { stringValue: 'closed' } },
                    { key: 'flow.destination.zero_window', value: { boolValue: true } },
                    { key: 'source.address', value: { stringValue: '10.2.7.31' } },
                    { key: 'source.port', value: { intValue: '40000' } },
                    { key: 'destination.address', value: { stringValue: '192.0.2.1' } },
                    { key: 'destination.port', value: { intValue: '443' } },
                    { key: 'flow.source.bytes', value: { intValue: '80' } },
                    { key: 'flow.destination.bytes', value: { intValue: '5000000000' } },
                    { key: 'flow.source.packets', value: { intValue: '12' } },
                    { key: 'flow.destination.packets', value: { intValue: '3500000' } },
                    { key: 'flow.source.retransmits', value: { intValue: '3' } },
                    { key: 'flow.drops', value: { intValue: '2' } },
                    { key: 'flow.rtt', value: { doubleValue: 0.00025 } },
                    { key: 'flow.min_rtt', value: { doubleValue: 0.0002 } },
                    { key: 'flow.connect_duration', value: { doubleValue: 0.00125 } },
                    { key: 'flow.duration', value: { doubleValue: 1.5 } },
                    { key: 'flow.source.window_limited_duration', value: { doubleValue: 0.004 } },
                    { key: 'process.pid', value: { intValue: '4711' } },
                    { key: 'process.executable.name', value: { stringValue: 'curl' } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('has what was asked for as the destination, and where the flow went beside it', () => {
    const record = { ...CLOSED, askedAddress: '10.96.0.17', askedPort: 80 };
    expect(attributes([record])).toEqual([
      {
        ...attributes([CLOSED])[0],
        'destination.address': '10.96.0.17',
        'destination.port': '80',
        'destination.nat.address': '192.0.2.1',
        'destination.nat.port': '443',
      },
    ]);
  });

  it('turns source and destination round where the other end opened the connection', () => {
    const record = { ...CLOSED, isSource: false };
    expect(attributes([record])).toEqual([
      {
        ...attributes([CLOSED])[0],
        'source.address': '192.0.2.1',
        'source.port': '443',
        'destination.address': '10.2.7.31',
        'destination.port': '40000',
        'flow.observer': 'destination',
        'flow.source.bytes': '5000000000',
        'flow.destination.bytes': '80',
        'flow.source.packets': '3500000',
        'flow.destination.packets': '12',
        'flow.source.retransmits': undefined,
        'flow.destination.retransmits': '3',
        'flow.source.window_limited_duration': undefined,
        'flow.destination.window_limited_duration': 0.004,
        'flow.source.zero_window': true,
        'flow.destination.zero_window': undefined,
      },
    ]);
  });

  it('writes an open UDP flow over IPv6 of which little is known', () => {
    const record: Partial<FlowRecord> = {
      transport: 'udp',
      isIpv4: false,
      isSource: false,
      localAddress: '2001:db8::1',
      remoteAddress: '::1',
      localPort: 53,
      remotePort: 50_000,
      isLocalWindowZero: true,
    };
    expect(attributes([record])).toEqual([
      {
        'network.transport': 'udp',
        'network.type': 'ipv6',
        'source.address': '::1',
        'source.port': '50000',
        'destination.address': '2001:db8::1',
        'destination.port': '53',
        'flow.observer': 'destination',
        'flow.state': 'open',
        'flow.source.bytes': '0',
        'flow.destination.bytes': '0',
        'flow.destination.zero_window': true,
      },
    ]);
  });

  it('leaves out a port that was never chosen', () => {
    const record = { ...CLOSED, localPort: 0 };
    expect(attributes([record])).toEqual([{ ...attributes([CLOSED])[0], 'source.port': undefined }]);
  });

  it('follows the clock when it is set back, or the machine slept, while a connection is open; its duration does not', () => {
    const writer = newWriter();
    const times = [0n, -3_600_000_000_000n, 28_800_000_000_000n, -MONOTONIC_TO_UNIX_NS - 1_000_000_000n].map(
      (change) => {
        const offset = MONOTONIC_TO_UNIX_NS + change;
        writer.setClock(offset, offset + 7_000_000_000n);
        writer.write({ ...emptyFlowRecord('tcp'), ...CLOSED });
        const [record] = writer.finish()?.records() ?? [];
        if (record?.kindOf !== 'log') throw new Error('no record');
        return [record.timeUnixNano, record.observedTimeUnixNano, record.attributes.get('flow.duration')];
      },
    );
    expect(times).toEqual([
      [1_795_334_401_000_000_001n, 1_795_334_402_000_000_000n, 1.5],
      [1_795_330_801_000_000_001n, 1_795_330_802_000_000_000n, 1.5],
      // CLOCK_MONOTONIC stood still for eight hours.
      [1_795_363_201_000_000_001n, 1_795_363_202_000_000_000n, 1.5],
      // A machine that believes to be in 1970, and runs for longer than that: the difference is negative.
      [5_000_000_001n, 6_000_000_000n, 1.5],
    ]);
  });

  it('gathers records until it is asked for them, and begins anew', () => {
    const writer = newWriter();
    const record = { ...emptyFlowRecord('tcp'), ...CLOSED };
    expect(writer.finish()).toBeUndefined();
    for (let index = 0; index < 3; index += 1) writer.write(record);
    expect(writer.itemCount).toBe(3);
    expect(writer.finish()?.itemCount).toBe(3);
    expect([writer.itemCount, writer.finish()]).toEqual([0, undefined]);
    writer.write(record);
    expect(batchJson(writer.finish() as Batch)).toEqual(write([CLOSED]));
  });
});

function newWriter(): FlowWriter {
  const writer = new FlowWriter({
    version: '1.2.3',
    hostName: 'node-1',
    cgroups: new CgroupNames({ version: 'none' }),
  });
  writer.setClock(MONOTONIC_TO_UNIX_NS, MONOTONIC_TO_UNIX_NS + 7_000_000_000n);
  return writer;
}

function write(records: readonly Partial<FlowRecord>[]): unknown {
  const writer = newWriter();
  for (const record of records) writer.write({ ...emptyFlowRecord('tcp'), ...record });
  return batchJson(writer.finish() as Batch);
}

/** The attributes of the records, by name; integers as their decimal text. */
function attributes(records: readonly Partial<FlowRecord>[]): Record<string, unknown>[] {
  const request = write(records) as {
    resourceLogs: { scopeLogs: { logRecords: { attributes: { key: string; value: object }[] }[] }[] }[];
  };
  return (request.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? []).map((record) =>
    Object.fromEntries(record.attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
  );
}

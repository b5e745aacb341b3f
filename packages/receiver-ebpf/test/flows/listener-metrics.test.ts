import { batchJson } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { CgroupNames } from '../../src/cgroups/cgroup-names.ts';
import { ListenerMetrics } from '../../src/flows/listener-metrics.ts';
import { LISTENER_RECORD } from '../../src/generated/tcp-layout.ts';
import { bytesOf, describeLayout, type RecordTable } from '../record-table.ts';

/** A record byte by byte, with the field of `struct listener_record` (bpf/tcp.h) beside each row. */
const BYTES: RecordTable = [
  ['version', '03 00'],
  ['port', '90 1f'], // 8080
  ['pid', '39 30 00 00'], // 12345
  ['time_ns', '00 2f 68 59 00 00 00 00'], // 1.5 s
  ['last_ns', '00 ca 9a 3b 00 00 00 00'], // 1 s
  ['cgroup_id', '00 00 00 00 00 00 00 00'],
  ['drops', '07 00 00 00'],
  ['unanswered', '02 00 00 00'],
  ['network_namespace', 'd8 ff ff ef'], // 4026531800
  ['process_started', '40 e2 01 00'], // 123456
  ['address', '00 00 00 00 00 00 00 00 00 00 ff ff 0a 02 07 1f'], // 10.2.7.31
  [
    'executable',
    '6e 67 69 6e 78 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00',
  ],
];

const record = bytesOf(BYTES);

const ATTRIBUTES = [
  { key: 'network.transport', value: { stringValue: 'tcp' } },
  { key: 'network.type', value: { stringValue: 'ipv4' } },
  { key: 'network.local.address', value: { stringValue: '10.2.7.31' } },
  { key: 'network.local.port', value: { intValue: '8080' } },
  { key: 'network.namespace.inode', value: { intValue: '4026531800' } },
  { key: 'process.pid', value: { intValue: '12345' } },
  { key: 'process.executable.name', value: { stringValue: 'nginx' } },
];

describe('ListenerMetrics', () => {
  it('makes one point of the sockets that one process has at one address', () => {
    const second = Buffer.from(record);
    second.writeBigUInt64LE(500_000_000n, LISTENER_RECORD.last_ns);
    second.writeUInt32LE(0, LISTENER_RECORD.unanswered);
    const point = (value: string): object => ({
      startTimeUnixNano: '1795334400500000000',
      timeUnixNano: '1795334401500000000',
      asInt: value,
      attributes: ATTRIBUTES,
    });
    expect(write(record, second)).toMatchObject({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'host.name', value: { stringValue: 'node-1' } }] },
          scopeMetrics: [
            {
              metrics: [
                {
                  name: 'network.listener.drops',
                  unit: '{packet}',
                  sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point('14')] },
                },
                {
                  name: 'network.listener.unanswered',
                  unit: '{handshake}',
                  sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point('2')] },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('leaves out a metric of which there is nothing to tell, and is empty afterwards', () => {
    const dropsOnly = Buffer.from(record);
    dropsOnly.writeUInt32LE(0, LISTENER_RECORD.unanswered);
    const listeners = newMetrics();
    expect(listeners.finish(0n)).toBeUndefined();
    expect(listeners.add(viewOf(dropsOnly), 0)).toBe('taken');
    const names = [...(listeners.finish(0n)?.records() ?? [])].map(
      (metric) => metric.kindOf === 'metric' && metric.name,
    );
    expect(names).toEqual(['network.listener.drops']);
    expect(listeners.finish(0n)).toBeUndefined();
  });

  it('takes no record of another version', () => {
    const other = Buffer.from(record);
    other[LISTENER_RECORD.version] = 9;
    expect(newMetrics().add(viewOf(other), 0)).toBe('unreadable');
  });

  it('takes ten thousand listeners at a time, and says so', () => {
    const listeners = newMetrics();
    const other = Buffer.from(record);
    const add = (number: number): string => {
      other.writeUInt32LE(number, LISTENER_RECORD.pid);
      return listeners.add(viewOf(other), 0);
    };
    for (let number = 1; number <= 10_000; number += 1) expect(add(number)).toBe('taken');
    expect([add(10_001), add(1)]).toEqual(['full', 'taken']);
    listeners.finish(0n);
    expect(add(10_001)).toBe('taken');
  });
});

describeLayout(BYTES, { object: 'tcp', struct: 'listener_record', layout: LISTENER_RECORD });

function newMetrics(): ListenerMetrics {
  return new ListenerMetrics({
    version: '1.2.3',
    hostName: 'node-1',
    cgroups: new CgroupNames({ version: 'none' }),
  });
}

function write(...records: readonly Buffer[]): unknown {
  const listeners = newMetrics();
  for (const bytes of records) expect(listeners.add(viewOf(bytes), 0)).toBe('taken');
  const batch = listeners.finish(1_795_334_400_000_000_000n);
  return batch === undefined ? undefined : batchJson(batch);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

import type { Batch } from '@tributary/core';
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

const SECOND = 1_000_000_000n;
/** From CLOCK_MONOTONIC to Unix time. */
const OFFSET = 1_795_334_400n * SECOND;

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
      timeUnixNano: '1795334402000000000',
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
                  sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point('14')] },
                },
                {
                  name: 'network.listener.unanswered',
                  unit: '{handshake}',
                  sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point('2')] },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('leaves out a metric of which there is nothing to tell', () => {
    const dropsOnly = Buffer.from(record);
    dropsOnly.writeUInt32LE(0, LISTENER_RECORD.unanswered);
    const listeners = newMetrics();
    expect(listeners.finish(0n, OFFSET)).toBeUndefined();
    expect(listeners.add(viewOf(dropsOnly), 0)).toBe('taken');
    expect(namesOf(listeners.finish(2n * SECOND, OFFSET))).toEqual(['network.listener.drops']);
  });

  it('adds up, from one start on', () => {
    const listeners = newMetrics();
    const sums: unknown[] = [];
    for (let sweep = 2n; sweep <= 4n; sweep += 1n) {
      if (sweep !== 3n) listeners.add(viewOf(record), 0);
      sums.push(dropsOf(listeners.finish(sweep * SECOND, OFFSET)));
    }
    expect(sums).toEqual([
      { start: '1795334401000000000', time: '1795334402000000000', value: '7' },
      { start: '1795334401000000000', time: '1795334403000000000', value: '7' },
      { start: '1795334401000000000', time: '1795334404000000000', value: '14' },
    ]);
  });

  it('begins anew at the last sweep when the clock is set back', () => {
    const listeners = newMetrics();
    listeners.add(viewOf(record), 0);
    listeners.finish(2n * SECOND, OFFSET);
    listeners.add(viewOf(record), 0);
    const back = OFFSET - 3600n * SECOND;
    expect(dropsOf(listeners.finish(3n * SECOND, back))).toEqual({
      start: String(back + 2n * SECOND),
      time: String(back + 3n * SECOND),
      value: '7',
    });
  });

  it('forgets what has not grown for ten minutes', () => {
    const listeners = newMetrics();
    listeners.add(viewOf(record), 0);
    expect(listeners.finish(601n * SECOND, OFFSET)).toBeDefined();
    expect(listeners.finish(602n * SECOND, OFFSET)).toBeUndefined();
  });

  it('takes no record of another version', () => {
    const other = Buffer.from(record);
    other[LISTENER_RECORD.version] = 9;
    expect(newMetrics().add(viewOf(other), 0)).toBe('unreadable');
  });

  it('counts ten thousand listeners, and says so', () => {
    const listeners = newMetrics();
    const other = Buffer.from(record);
    const add = (number: number): string => {
      other.writeUInt32LE(number, LISTENER_RECORD.pid);
      return listeners.add(viewOf(other), 0);
    };
    for (let number = 1; number <= 10_000; number += 1) expect(add(number)).toBe('taken');
    expect([add(10_001), add(1)]).toEqual(['full', 'taken']);
    // By then they are forgotten.
    listeners.finish(3600n * SECOND, OFFSET);
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

function namesOf(batch: Batch | undefined): unknown[] {
  return [...(batch?.records() ?? [])].map((metric) => metric.kindOf === 'metric' && metric.name);
}

/** The only data point of the first metric. */
function dropsOf(batch: Batch | undefined): unknown {
  const [metric] = [...(batch?.records() ?? [])];
  if (batch === undefined || metric?.kindOf !== 'metric') return undefined;
  const { resourceMetrics } = batchJson(batch) as {
    resourceMetrics: { scopeMetrics: { metrics: { sum: { dataPoints: Record<string, unknown>[] } }[] }[] }[];
  };
  const [point] = resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.sum.dataPoints ?? [];
  return { start: point?.['startTimeUnixNano'], time: point?.['timeUnixNano'], value: point?.['asInt'] };
}

function write(...records: readonly Buffer[]): unknown {
  const listeners = newMetrics();
  for (const bytes of records) expect(listeners.add(viewOf(bytes), 0)).toBe('taken');
  const batch = listeners.finish(2n * SECOND, OFFSET);
  return batch === undefined ? undefined : batchJson(batch);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

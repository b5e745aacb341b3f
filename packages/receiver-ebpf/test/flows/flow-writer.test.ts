import type { Batch } from '@tributary/core';
import { batchJson } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { CgroupNames } from '../../src/cgroups/cgroup-names.ts';
import { FlowWriter } from '../../src/flows/flow-writer.ts';
import {
  FLOW_FLAG,
  FLOW_RECORD,
  FLOW_RECORD_TYPE,
  FLOW_RECORD_VERSION,
} from '../../src/generated/tcp-layout.ts';

/** 2026-11-22T08:00:00Z, less the time since the machine started. */
const MONOTONIC_TO_UNIX_NS = 1_795_334_400_000_000_000n - 5_000_000_000n;

type Fields = Partial<Record<Exclude<keyof typeof FLOW_RECORD, 'size'>, number | bigint | string>>;

const CLOSED: Fields = {
  type: FLOW_RECORD_TYPE.FLOW_CLOSED,
  version: FLOW_RECORD_VERSION.FLOW_RECORD_VERSION,
  flags: FLOW_FLAG.FLOW_OPENED_HERE | FLOW_FLAG.FLOW_FIN_QUEUED,
  pid: 4711,
  time_ns: 6_000_000_001n,
  duration_ns: 1_500_000_000n,
  sent_bytes: 80,
  received_bytes: 5_000_000_000n,
  retransmits: 3,
  rtt_us: 250,
  connect_us: 1250,
  local_port: 40_000,
  remote_port: 443,
  local_address: '00000000000000000000ffff0a02071f',
  remote_address: '00000000000000000000ffffc0000201',
  executable: Buffer.from('curl').toString('hex'),
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
                    { key: 'source.address', value: { stringValue: '10.2.7.31' } },
                    { key: 'source.port', value: { intValue: '40000' } },
                    { key: 'destination.address', value: { stringValue: '192.0.2.1' } },
                    { key: 'destination.port', value: { intValue: '443' } },
                    { key: 'flow.observer', value: { stringValue: 'source' } },
                    { key: 'flow.source.bytes', value: { intValue: '80' } },
                    { key: 'flow.destination.bytes', value: { intValue: '5000000000' } },
                    { key: 'flow.source.retransmits', value: { intValue: '3' } },
                    { key: 'flow.state', value: { stringValue: 'closed' } },
                    { key: 'flow.end_reason', value: { stringValue: 'closed' } },
                    { key: 'flow.rtt', value: { doubleValue: 0.00025 } },
                    { key: 'flow.connect_duration', value: { doubleValue: 0.00125 } },
                    { key: 'flow.duration', value: { doubleValue: 1.5 } },
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

  it('turns source and destination round where the other end opened the connection', () => {
    const record = { ...CLOSED, flags: FLOW_FLAG.FLOW_FIN_QUEUED };
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
        'flow.source.retransmits': undefined,
        'flow.destination.retransmits': '3',
      },
    ]);
  });

  it('writes an open IPv6 connection of which little is known', () => {
    const record: Fields = {
      type: FLOW_RECORD_TYPE.FLOW_OPEN,
      version: FLOW_RECORD_VERSION.FLOW_RECORD_VERSION,
      local_address: '20010db8000000000000000000000001',
      remote_address: '00000000000000000000000000000001',
      local_port: 22,
      remote_port: 50_000,
    };
    expect(attributes([record])).toEqual([
      {
        'network.transport': 'tcp',
        'network.type': 'ipv6',
        'source.address': '::1',
        'source.port': '50000',
        'destination.address': '2001:db8::1',
        'destination.port': '22',
        'flow.observer': 'destination',
        'flow.source.bytes': '0',
        'flow.destination.bytes': '0',
        'flow.destination.retransmits': '0',
        'flow.state': 'open',
      },
    ]);
  });

  it('leaves out a port that was never chosen', () => {
    const record = { ...CLOSED, local_port: 0 };
    expect(attributes([record])).toEqual([{ ...attributes([CLOSED])[0], 'source.port': undefined }]);
  });

  it('gathers records until it is asked for them, and begins anew', () => {
    const writer = newWriter();
    const view = viewOf(CLOSED);
    expect(writer.finish()).toBeUndefined();
    for (let index = 0; index < 3; index += 1) writer.write(view, 0, FLOW_RECORD.size);
    expect(writer.itemCount).toBe(3);
    expect(writer.finish()?.itemCount).toBe(3);
    expect([writer.itemCount, writer.finish()]).toEqual([0, undefined]);
    writer.write(view, 0, FLOW_RECORD.size);
    expect(batchJson(writer.finish() as Batch)).toEqual(write([CLOSED]));
  });

  it('takes no record that is not one of ours', () => {
    const writer = newWriter();
    expect(writer.write(viewOf({ ...CLOSED, version: 9 }), 0, FLOW_RECORD.size)).toBe(false);
    expect(writer.finish()).toBeUndefined();
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

function write(records: readonly Fields[]): unknown {
  const writer = newWriter();
  for (const record of records) expect(writer.write(viewOf(record), 0, FLOW_RECORD.size)).toBe(true);
  return batchJson(writer.finish() as Batch);
}

/** The attributes of the records, by name; integers as their decimal text. */
function attributes(records: readonly Fields[]): Record<string, unknown>[] {
  const request = write(records) as {
    resourceLogs: { scopeLogs: { logRecords: { attributes: { key: string; value: object }[] }[] }[] }[];
  };
  return (request.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? []).map((record) =>
    Object.fromEntries(record.attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
  );
}

/** The bytes of a record; fields that are not given are 0. Addresses and names are in hexadecimal. */
function viewOf(fields: Fields): DataView {
  const bytes = Buffer.alloc(FLOW_RECORD.size);
  const offsets = Object.values(FLOW_RECORD)
    .slice(1)
    .sort((a, b) => a - b);
  for (const [name, value] of Object.entries(fields)) {
    const offset = FLOW_RECORD[name as keyof typeof FLOW_RECORD];
    if (typeof value === 'string') {
      bytes.write(value, offset, 'hex');
      continue;
    }
    const size = (offsets.find((next) => next > offset) ?? FLOW_RECORD.size) - offset;
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), offset);
    else bytes.writeUIntLE(Number(value), offset, size);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Flow records on a kernel whose type information lacks a field that the programs read. */

import { readPrebuilt } from '@tributary/bpf';
import { captureLogger } from '@tributary/testkit';
import { beforeEach, expect, it } from 'vitest';
import { emptyFlowRecord, type FlowRecord } from '../../src/flows/flow-record.ts';
import { TcpRecordDecoder } from '../../src/flows/records/tcp-record.ts';
import { TcpFlows } from '../../src/flows/tcp-flows.ts';
import { startServer, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

beforeEach(skipWithoutBpf);

/** The object as it would be read by a kernel that has no field `name`: the object asks for one that no kernel has. */
function withoutField(name: string): Uint8Array {
  const bytes = Buffer.from(readPrebuilt('tcp'));
  const found = bytes.indexOf(`\0${name}\0`);
  if (found < 0) throw new Error(`the object has no field ${name}`);
  bytes.write('X', found + name.length);
  return bytes;
}

const open = (field: string, logger = captureLogger().logger): TcpFlows =>
  new TcpFlows({
    connectCgroup: undefined,
    idleIntervalMs: 0,
    ringBufferBytes: 1 << 20,
    logger,
    objectFile: withoutField(field),
  });

/** The last records of both ends of one connection. */
async function recordsOfConnection(flows: TcpFlows): Promise<FlowRecord[]> {
  const records: FlowRecord[] = [];
  await withPeers(async (start) => {
    const { server, port } = await startServer(start);
    const client = start([
      { do: 'connect', socket: 'c', host: '127.0.0.1', port },
      { do: 'send', socket: 'c', bytes: 1000 },
      { do: 'close', socket: 'c' },
    ]);
    await Promise.all([client.end(), server.end()]);
    const decoder = new TcpRecordDecoder();
    await expect
      .poll(
        () => {
          flows.drain((view, offset, length) => {
            const record = emptyFlowRecord('tcp');
            if (
              decoder.decode(view, offset, length, record) &&
              [record.localPort, record.remotePort].includes(port)
            )
              records.push(record);
          }, 1e6);
          return records.length;
        },
        { timeout: 20_000 },
      )
      .toBe(2);
  });
  return records;
}

it('come without what one program alone would have told', async () => {
  const { logger, lines } = captureLogger();
  const flows = open('num_timeout', logger);
  try {
    expect(lines.map(({ message, fields }) => [message, fields['program']])).toEqual([
      ['a kernel program was refused', 'follow_retransmit_synack'],
    ]);
    const records = await recordsOfConnection(flows);
    expect(
      records.map(({ isSource, sentBytes, receivedBytes }) => ({ isSource, sentBytes, receivedBytes })),
    ).toEqual(
      expect.arrayContaining([
        { isSource: true, sentBytes: 1000, receivedBytes: 0 },
        { isSource: false, sentBytes: 0, receivedBytes: 1000 },
      ]),
    );
  } finally {
    flows.close();
  }
});

it('do not come where every one would lack a count, and it is said why', () => {
  expect(() => open('bytes_acked')).toThrow(
    expect.objectContaining({
      code: 'BPF_LOAD',
      message: expect.stringMatching(
        /^bpf: program "follow_state" \(tp_btf\/inet_sock_set_state\): the kernel refused it \(.*bytes_ackeX.*\)\. Report it/s,
      ),
    }),
  );
});

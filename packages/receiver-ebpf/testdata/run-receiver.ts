/**
 * Runs the receiver for a test that cannot do so in its own process, and prints what came of it as JSON. Its argument is
 * JSON: `connectTo`, a port on 127.0.0.1, has it make a connection and wait for both its ends' last records;
 * `untilOpenTo`, a port, has it wait for both ends' records of an open connection that somebody else makes.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { PipelineError } from '@tributary/core';
import { nopHost, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { ebpfReceiver } from '../src/index.ts';

const WAIT_LIMIT_MS = 20_000;

const { connectTo, untilOpenTo } = JSON.parse(process.argv[2] ?? '{}') as {
  connectTo?: number;
  untilOpenTo?: number;
};
const settings = testSettings({ id: 'ebpf' });
const taken = sink();
const config = ebpfReceiver.configSchema.parse({ flows: { interval: '200ms' } });
const receiver = ebpfReceiver.create(settings, config, signalConsumer(taken, ['logs']));

await receiver.start?.(nopHost());
if (connectTo !== undefined) {
  connect(connectTo, '127.0.0.1').end();
  await until(() => flowsTo(connectTo, 'closed').length >= 2);
}
if (untilOpenTo !== undefined) await until(() => flowsTo(untilOpenTo, 'open').length >= 2);
const flows =
  connectTo === undefined ? flowsTo(untilOpenTo ?? 0, 'open') : flowsTo(connectTo, 'closed');
await receiver.shutdown?.();

const reported = settings.reported.map(({ status, error }) => ({
  status,
  code: error instanceof PipelineError ? error.code : undefined,
  message: error?.message,
}));
const logs = settings.logs.map((line) => line.message);
console.log(JSON.stringify({ reported, flows, logs }));

function flowsTo(port: number, state: string): string[] {
  return taken.batches
    .flatMap((batch) => [...batch.records()])
    .filter((record) => record.kindOf === 'log')
    .map((record) => record.attributes)
    .filter((flow) => flow.get('destination.port') === port && flow.get('flow.state') === state)
    .map(() => `${port} ${state}`);
}

async function until(isDone: () => boolean): Promise<void> {
  for (const end = Date.now() + WAIT_LIMIT_MS; !isDone() && Date.now() < end; ) await delay(20);
}

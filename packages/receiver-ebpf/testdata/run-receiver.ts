/**
 * Runs the receiver for a test that cannot do so in its own process, and prints what came of it as JSON. Its argument is
 * JSON: `connectTo`, a port on 127.0.0.1, has it make a connection and wait for both its ends' last records;
 * `untilOpenTo`, a port, has it wait for both ends' records of an open connection that somebody else makes;
 * `datagramTo`, a port on 127.0.0.1 where nobody listens, has it count drops, send a datagram and wait until it is counted;
 * `command`, a program and its arguments, has it run that and wait for two events of it.
 * `config` is the receiver's, in place of one that looks often.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { PipelineError } from '@tributary/core';
import { nopHost, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { ebpfReceiver } from '../src/index.ts';

const WAIT_LIMIT_MS = 20_000;

const {
  connectTo,
  untilOpenTo,
  datagramTo,
  command,
  config = datagramTo === undefined ? { flows: { interval: '200ms', udp: {} } } : { drops: { interval: '200ms' } },
} = JSON.parse(process.argv[2] ?? '{}') as {
  connectTo?: number;
  untilOpenTo?: number;
  datagramTo?: number;
  command?: [string, ...string[]];
  config?: unknown;
};
const settings = testSettings({ id: 'ebpf' });
const taken = sink();
const receiver = ebpfReceiver.create(
  settings,
  ebpfReceiver.configSchema.parse(config),
  signalConsumer(taken, ['logs', 'metrics']),
);

await receiver.start?.(nopHost());
if (connectTo !== undefined) {
  connect(connectTo, '127.0.0.1').end();
  await until(() => flowsTo(connectTo, 'closed').length >= 2);
}
let events: unknown[] | undefined;
if (command !== undefined) {
  const { pid } = spawn(command[0], command.slice(1));
  await until(() => eventsOf(pid).length >= 2);
  events = eventsOf(pid);
}
if (untilOpenTo !== undefined) await until(() => flowsTo(untilOpenTo, 'open').length >= 2);
if (datagramTo !== undefined) {
  const socket = createSocket('udp4');
  socket.send('x', datagramTo, '127.0.0.1', () => socket.close());
  await until(() => noSocketDrops() > 0);
}
const drops = datagramTo === undefined ? undefined : noSocketDrops();
const flows =
  connectTo === undefined ? flowsTo(untilOpenTo ?? 0, 'open') : flowsTo(connectTo, 'closed');
await receiver.shutdown?.();

const reported = settings.reported.map(({ status, error }) => ({
  status,
  code: error instanceof PipelineError ? error.code : undefined,
  message: error?.message,
}));
const logs = settings.logs.map((line) => line.message);
/** What it says that it lacks. */
const lacks = settings.logs
  .filter(({ fields }) => typeof fields?.error === 'string')
  .map(({ message, fields }) => [message, fields?.block, fields?.error].filter((word) => word !== undefined).join(': '));
console.log(
  JSON.stringify({ reported, flows, drops, events, logs, lacks: lacks.length > 0 ? lacks : undefined }),
);

function flowsTo(port: number, state: string): string[] {
  return taken.batches
    .flatMap((batch) => [...batch.records()])
    .filter((record) => record.kindOf === 'log')
    .map((record) => record.attributes)
    .filter((flow) => flow.get('destination.port') === port && flow.get('flow.state') === state)
    .map(() => `${port} ${state}`);
}

/** How many datagrams went to ports where nobody listens, in our network namespace. */
function noSocketDrops(): number {
  const namespace = statSync('/proc/self/ns/net').ino;
  const metrics = [...(taken.batches.at(-1)?.records() ?? [])].filter((record) => record.kindOf === 'metric');
  return metrics
    .flatMap((metric) => metric.dataPoints())
    .filter(({ attributes }) => attributes.get('network.drop.reason') === 'no_socket')
    .filter(({ attributes }) => attributes.get('network.transport') === 'udp')
    .filter(({ attributes }) => attributes.get('network.namespace.inode') === namespace)
    .reduce((sum, point) => sum + (point.kindOf === 'number' ? Number(point.asInt) : 0), 0);
}

/** The name, arguments, exit code and user of the events of a process. */
function eventsOf(pid: number | undefined): unknown[] {
  return taken.batches
    .flatMap((batch) => [...batch.records()])
    .filter((record) => record.kindOf === 'log')
    .filter((record) => record.attributes.get('process.pid') === pid)
    .map(({ eventName, attributes }) => {
      const { 'process.command_args': args, ...rest } = attributes.toObject();
      const text = Array.isArray(args) ? args.join(' ') : undefined;
      return [eventName, text, rest['process.exit.code'], rest['process.user.id']];
    });
}

async function until(isDone: () => boolean): Promise<void> {
  for (const end = Date.now() + WAIT_LIMIT_MS; !isDone() && Date.now() < end; ) await delay(20);
}

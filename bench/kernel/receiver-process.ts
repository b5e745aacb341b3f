/**
 * The ebpf receiver with all its blocks, or with the settings that its argument has as JSON, in a process of its own, sending to nobody. Told `on` or `off` it starts or stops
 * and says so; told `usage` it says what it used and lost. Told `look` it looks at each record, told `count` it does no
 * more than that any more.
 */
import { readFileSync } from 'node:fs';
import {
  ATTR_DESTINATION_PORT,
  ATTR_FLOW_STATE,
  ATTR_PROCESS_EXECUTABLE_NAME,
  type Component,
  type Consumer,
  EncodedText,
  EVENT_PROCESS_START,
  exposedGc,
  LogRecordReader,
} from '@tributary/core';
import { ebpfReceiver } from '@tributary/receiver-ebpf';
import { nopHost, signalConsumer, type TestSettings, testSettings } from '@tributary/testkit';
import { CONNECTION_PORTS } from './ports.ts';

/** The receiver's settings; unless they are given, every block with its defaults. */
const SETTINGS =
  process.argv[2] === undefined
    ? Object.fromEntries(blockNames().map((name) => [name, {}]))
    : JSON.parse(process.argv[2]);

/** What the receiver's process used, and what it made. */
export interface ReceiverUsage {
  readonly records: number;
  /** Records of connections to the bench's servers that have ended, while it looked. */
  readonly closedFlows: number;
  /** Of the program that the bench starts, while it looked. */
  readonly processStarts: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** By block and reason, without those that are 0. */
  readonly losses: Readonly<Record<string, number>>;
}

let receiver: Component | undefined;
let settings: TestSettings | undefined;
let isLooking = true;
let records = 0;
let closedFlows = 0;
let processStarts = 0;

/** It looks without making objects, which would be garbage that the receiver does not make. */
const reader = new LogRecordReader([ATTR_PROCESS_EXECUTABLE_NAME, ATTR_DESTINATION_PORT, ATTR_FLOW_STATE]);
const PROCESS_START = new EncodedText(EVENT_PROCESS_START);
const CLOSED = new EncodedText('closed');
/** What process-starter.ts starts. Others start it too, but seldom. */
const STARTED = new EncodedText('true');

const count: Consumer = {
  consume: (batch) => {
    records += batch.itemCount;
    if (isLooking && batch.signal === 'logs') reader.read(batch, look);
  },
};

function look(): void {
  if (reader.isEvent(PROCESS_START)) processStarts += reader.equals(0, STARTED) ? 1 : 0;
  else if (reader.equals(2, CLOSED) && CONNECTION_PORTS.includes(reader.number(1))) closedFlows += 1;
}

async function on(): Promise<string> {
  settings = testSettings({ id: 'ebpf' });
  const config = ebpfReceiver.configSchema.parse(SETTINGS);
  receiver = ebpfReceiver.create(settings, config, signalConsumer(count, ['logs', 'metrics']));
  await receiver.start?.(nopHost());
  // As the program does after its start (packages/tributary/src/commands/run.ts).
  exposedGc()({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const [problem] = settings.reported;
  if (problem !== undefined) throw problem.error ?? new Error(problem.status);
  return 'on';
}

async function off(): Promise<string> {
  await receiver?.shutdown?.();
  receiver = undefined;
  return 'off';
}

function usage(): ReceiverUsage {
  const { user, system } = process.cpuUsage();
  return {
    records,
    closedFlows,
    processStarts,
    cpuSeconds: (user + system) / 1e6,
    rssBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024,
    losses: losses(),
  };
}

function losses(): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [series, value] of Object.entries(settings?.registry.snapshot() ?? {})) {
    const match = /^otelcol_receiver_ebpf_losses\{block="([^"]*)",.*reason="([^"]*)"/.exec(series);
    if (match !== null && Number(value) !== 0) found[`${match[1]}: ${match[2]}`] = Number(value);
  }
  return found;
}

function blockNames(): string[] {
  return Object.keys((ebpfReceiver.configSchema as unknown as { shape: object }).shape).filter(
    (name) => ebpfReceiver.configSchema.safeParse({ [name]: {} }).success,
  );
}

process.on('message', async (command: string) => {
  if (command === 'on') process.send?.(await on());
  else if (command === 'off') process.send?.(await off());
  else if (command === 'usage') process.send?.(usage());
  else {
    isLooking = command === 'look';
    process.send?.(command);
  }
});
process.send?.('ready');

/**
 * The clients of the bench of connections, all in one process, which answers each message when it has done what it says:
 *
 * - `open N`: N connections are open, and the server has said of each what it allows;
 * - `load`: from now on each client sends a request a second, each at a time in the second of its own, which is drawn by lot;
 * - `measure MS`: the delays of the next so many milliseconds;
 * - `flood N MS`: how many answers a second N clients get that send the next request when the last was answered.
 *
 * Its arguments: the server's port, and how many spans a request has. A delay begins when a request was due, not when
 * these clients came to send it: what they are late themselves is in it, and is told beside it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { requestBytes } from '../src/payload.ts';
import { EXPORT_TRACES, FramedRequest, RawClient } from './raw-client.ts';

/** So many connections are made at once. */
const MAX_CONNECTING = 100;
const PERIOD_MS = 1000;

/** How long something took, in milliseconds. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How long answers took, from when their requests were due. */
export interface Delays extends Spread {
  readonly answers: number;
  /** Requests that were due while their client still waited for the last answer. */
  readonly notSent: number;
  /** What of the delays is the clients' own: how long after it was due a request was sent. */
  readonly late: Spread;
}

/** What is gathered while delays are measured, in milliseconds. */
interface Recording {
  readonly delays: number[];
  readonly late: number[];
  notSent: number;
}

const port = Number(process.argv[2]);
const request = new FramedRequest(EXPORT_TRACES, requestBytes('traces', Number(process.argv[3])));
const clients: RawClient[] = [];
let timer: NodeJS.Timeout | undefined;
let recording: Recording | undefined;

async function open(count: number): Promise<number> {
  while (clients.length < count) {
    const some = Array.from(
      { length: Math.min(MAX_CONNECTING, count - clients.length) },
      () => new RawClient(port),
    );
    await Promise.all(some.map(({ ready }) => ready));
    clients.push(...some);
  }
  return clients.length;
}

function load(): void {
  const turns = clients
    .map((client) => ({ client, afterMs: Math.random() * PERIOD_MS }))
    .toSorted((a, b) => a.afterMs - b.afterMs);
  const startMs = performance.now();
  let next = 0;
  const sendDue = (): void => {
    for (;;) {
      const { client, afterMs } = turns[next % turns.length]!;
      const dueMs = startMs + Math.floor(next / turns.length) * PERIOD_MS + afterMs;
      if (dueMs > performance.now()) return;
      next += 1;
      send(client, dueMs);
    }
  };
  timer = setInterval(sendDue, 1);
}

function send(client: RawClient, dueMs: number): void {
  const into = recording;
  if (client.isBusy) {
    if (into !== undefined) into.notSent += 1;
    return;
  }
  into?.late.push(performance.now() - dueMs);
  client.send(request, () => into?.delays.push(performance.now() - dueMs));
}

async function measure(durationMs: number): Promise<Delays> {
  const recorded: Recording = { delays: [], late: [], notSent: 0 };
  recording = recorded;
  await sleep(durationMs);
  recording = undefined;
  // Those under way have a period to be answered.
  await sleep(PERIOD_MS);
  const { delays, late, notSent } = recorded;
  return { answers: delays.length, notSent, ...spreadOf(delays), late: spreadOf(late) };
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

async function flood(count: number, durationMs: number): Promise<number> {
  clearInterval(timer);
  await sleep(PERIOD_MS);
  let answers = 0;
  let isOver = false;
  const sendNext = (client: RawClient): void =>
    client.send(request, () => {
      answers += 1;
      if (!isOver) sendNext(client);
    });
  for (const client of clients.slice(0, count)) sendNext(client);
  await sleep(durationMs / 4);
  const before = answers;
  await sleep(durationMs);
  isOver = true;
  return (answers - before) / (durationMs / 1000);
}

async function done(message: string): Promise<unknown> {
  const [what, ...numbers] = message.split(' ');
  const [first = 0, second = 0] = numbers.map(Number);
  switch (what) {
    case 'open':
      return await open(first);
    case 'load':
      load();
      return 'begun';
    case 'measure':
      return await measure(first);
    case 'flood':
      return await flood(first, second);
    default:
      throw new RangeError(`the clients know no "${what}"`);
  }
}

process.on('message', async (message: string) => {
  process.send?.(await done(message));
});
process.send?.('ready');

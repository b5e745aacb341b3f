/**
 * The clients of the bench of connections. Told `idle N`, opens N connections and answers when the server has taken them all;
 * told `load N MS`, lets N clients send a request each second for so long, evenly spread, and answers with the delays. Its
 * arguments: the server's port, and how many spans a request has.
 */
import { requestBytes } from '../src/payload.ts';
import { EXPORT_TRACES, frameRequest, RawClient } from './raw-client.ts';

/** So many connections are made at once. */
const MAX_CONNECTING = 100;
const PERIOD_MS = 1000;

/** How long answers took, in milliseconds. */
export interface Delays {
  readonly answers: number;
  /** Requests that were due while the client still waited for the last answer. */
  readonly notSent: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const port = Number(process.argv[2]);
const request = frameRequest(EXPORT_TRACES, requestBytes('traces', Number(process.argv[3])));

async function open(count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < count) {
    const some = Array.from(
      { length: Math.min(MAX_CONNECTING, count - clients.length) },
      () => new RawClient(port),
    );
    await Promise.all(some.map(({ ready }) => ready));
    clients.push(...some);
  }
  return clients;
}

async function load(count: number, durationMs: number): Promise<Delays> {
  const clients = await open(count);
  const delays: number[] = [];
  let notSent = 0;
  const startMs = performance.now();
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs > durationMs) {
      clearInterval(timer);
      resolve();
      return;
    }
    for (const due = Math.floor((elapsedMs * count) / PERIOD_MS); sent < due; sent += 1) {
      const client = clients[sent % count]!;
      if (client.isBusy) {
        notSent += 1;
        continue;
      }
      const sentMs = performance.now();
      client.send(request, () => delays.push(performance.now() - sentMs));
    }
  }, 1);
  await promise;
  for (const client of clients) client.close();
  delays.sort((a, b) => a - b);
  const at = (share: number): number =>
    delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? NaN;
  return { answers: delays.length, notSent, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

process.on('message', async (message: string) => {
  const [what, count, durationMs] = message.split(' ');
  if (what === 'idle') {
    const { length } = await open(Number(count));
    process.send?.(length);
  } else process.send?.(await load(Number(count), Number(durationMs)));
});
process.send?.('ready');

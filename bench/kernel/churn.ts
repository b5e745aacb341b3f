/**
 * Connections and processes that come and go by the hundred thousand: whether any is missed, what the receiver uses for
 * each, and whether its memory grows with them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../src/child.ts';
import type { ReceiverUsage } from './receiver-process.ts';

/** How much churn there is. */
export interface ChurnOptions {
  /** After so many connections the memory is read first. */
  readonly firstConnections: number;
  readonly connections: number;
  /** Beside these, so many are made while nobody looks at the records, for what the receiver itself uses. */
  readonly unwatchedConnections: number;
  readonly firstProcesses: number;
  readonly processes: number;
}

/** What the churn came to. */
export interface Churn {
  readonly connections: number;
  readonly connectionsPerSecond: number;
  readonly processes: number;
  /** Last records of the connections' ends that came, two for each connection if none was missed. */
  readonly closedFlows: number;
  readonly processStarts: number;
  readonly losses: ReceiverUsage['losses'];
  /** The receiver's own CPU time for one record, from the kernel to the pipeline. */
  readonly microsecondsPerRecord: number;
  readonly rssBefore: number;
  readonly rssAfter: number;
}

/** What ended last is fetched in this time. */
const SETTLE_MS = 3000;
/** Connections that a client makes before it can be told something else. */
const PART = 5000;

/** Makes the churn while the receiver runs. `clients` make connections side by side, `starter` starts processes. */
export async function measureChurn(
  receiver: Child,
  clients: readonly Child[],
  starter: Child,
  options: ChurnOptions,
): Promise<Churn> {
  await receiver.ask('on');
  const begin = await receiver.ask<ReceiverUsage>('usage');
  await connect(clients, options.firstConnections);
  await starter.ask(options.firstProcesses);
  await delay(SETTLE_MS);
  const before = await receiver.ask<ReceiverUsage>('usage');
  const started = performance.now();
  const watched = options.connections - options.firstConnections;
  await connect(clients, watched);
  const seconds = (performance.now() - started) / 1000;
  await delay(SETTLE_MS);
  await starter.ask(options.processes - options.firstProcesses);
  await delay(SETTLE_MS);
  const after = await receiver.ask<ReceiverUsage>('usage');
  // Last, when V8 has compiled what it will: the receiver of a node has run for longer than this.
  await receiver.ask('count');
  const idle = await receiver.ask<ReceiverUsage>('usage');
  await connect(clients, options.unwatchedConnections);
  await delay(SETTLE_MS);
  const busy = await receiver.ask<ReceiverUsage>('usage');
  await receiver.ask('look');
  await receiver.ask('off');
  return {
    connections: options.connections,
    connectionsPerSecond: watched / seconds,
    processes: options.processes,
    closedFlows: after.closedFlows - begin.closedFlows,
    processStarts: after.processStarts - begin.processStarts,
    losses: after.losses,
    microsecondsPerRecord: ((busy.cpuSeconds - idle.cpuSeconds) / (busy.records - idle.records)) * 1e6,
    rssBefore: before.rssBytes,
    rssAfter: after.rssBytes,
  };
}

async function connect(clients: readonly Child[], connections: number): Promise<void> {
  let left = connections;
  await Promise.all(
    clients.map(async (client) => {
      while (left > 0) {
        const part = Math.min(PART, left);
        left -= part;
        await client.ask(part);
      }
    }),
  );
}

/** The result as Markdown. */
export function churnMarkdown(churn: Churn): string {
  const missed = 2 * churn.connections - churn.closedFlows;
  const losses = Object.entries(churn.losses).map(([reason, count]) => `${reason} ${count}`);
  const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0);
  const growth = churn.rssAfter / churn.rssBefore - 1;
  const rows = [
    ['connections made', count(churn.connections), ''],
    ['a second', count(churn.connectionsPerSecond), '20,000'],
    ['ends not reported', count(missed), `0${missed > 0 ? ' (missed)' : ''}`],
    ['processes started', count(churn.processes), ''],
    ['process starts reported', count(churn.processStarts), ''],
    ['losses counted', losses.length === 0 ? 'none' : losses.join(', '), 'none'],
    ["the receiver's CPU for a record, us", churn.microsecondsPerRecord.toFixed(2), '3'],
    ['RSS before and after, MiB', `${mib(churn.rssBefore)}, ${mib(churn.rssAfter)}`, ''],
    ['growth', `${(growth * 100).toFixed(0)} %`, `10 %${growth > 0.1 ? ' (missed)' : ''}`],
  ];
  return ['| churn | | target |', '| --- | --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join(
    '\n',
  );
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

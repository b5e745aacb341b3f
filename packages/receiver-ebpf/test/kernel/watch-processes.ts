import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { examineMachine } from '@tributary/bpf';
import { type AnyValue, type Batch, Outbox } from '@tributary/core';
import { type TestSettings, testSettings } from '@tributary/testkit';
import { CgroupNames } from '../../src/cgroups/cgroup-names.ts';
import { CgroupWatch } from '../../src/cgroups/cgroup-watch.ts';
import { FlowDrops } from '../../src/drops/flow-drops.ts';
import { Losses } from '../../src/losses.ts';
import { ProcessTable } from '../../src/processes/process-table.ts';
import { processesBlock } from '../../src/processes/processes-block.ts';
import { findSoon } from './find-soon.ts';

/** Ways for processes to live and die. */
export const PROGRAM = path.join(import.meta.dirname, '../../testdata/processes.py');

/** An event: its name as `event`, its time in nanoseconds, and its attributes. */
export type ProcessEvent = Readonly<Record<string, AnyValue>> & { readonly event: string };

/** What the receiver reports while a test runs. */
export interface ProcessWatch {
  readonly events: readonly ProcessEvent[];
  /** The events of processes with these pids so far, in order. */
  of(...pids: readonly number[]): ProcessEvent[];
  /** Waits for the ends of as many processes with these pids, and returns all their events. */
  untilExited(...pids: readonly number[]): Promise<ProcessEvent[]>;
  /** Waits until `isDone` holds. */
  until(isDone: () => boolean): Promise<void>;
  /** What is known of pids. */
  readonly processes: ProcessTable;
  readonly settings: TestSettings;
  /** The receiver's metrics of losses, by reason, without those that are 0. */
  losses(): Record<string, number>;
}

/** Runs the `processes` block while `work` runs. */
export async function watchingProcesses(
  work: (watch: ProcessWatch) => Promise<void>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const settings = testSettings({ id: 'ebpf' });
  const events: ProcessEvent[] = [];
  const consume = (batch: Batch): void => {
    for (const record of batch.records()) {
      if (record.kindOf === 'log') events.push({ event: record.eventName, ...record.attributes.toObject() });
    }
  };
  const processes = new ProcessTable();
  const cgroups = new CgroupNames(examineMachine().cgroups, { watch: new CgroupWatch(settings.logger) });
  const outbox = new Outbox({ consume }, { maxRecords: 1e6, onLost: () => {} });
  const block = processesBlock.create(
    {
      settings,
      logs: outbox,
      metrics: outbox,
      losses: new Losses(settings.telemetry, 'processes'),
      cgroups,
      flowDrops: new FlowDrops(),
      processes,
    },
    processesBlock.configSchema.parse(config),
  );
  const of = (...pids: readonly number[]): ProcessEvent[] =>
    events.filter((event) => pids.includes(Number(event['process.pid'])));
  const until = async (isDone: () => boolean): Promise<void> => {
    await findSoon(
      () => isDone() || undefined,
      () => `what was awaited did not come among ${events.length} events`,
    );
  };
  const untilExited = async (...pids: readonly number[]): Promise<ProcessEvent[]> => {
    await until(() => of(...pids).filter(({ event }) => event === 'process.exit').length >= pids.length);
    return of(...pids);
  };
  await cgroups.start();
  await block.start();
  try {
    await work({ events, of, until, untilExited, processes, settings, losses: () => lossesOf(settings) });
  } finally {
    await block.shutdown();
    cgroups.close();
  }
}

/** A running function of testdata/processes.py, and what it said. */
export interface Living<Facts> {
  readonly child: ChildProcess;
  readonly facts: Facts;
}

/** Starts a function of testdata/processes.py and waits for what it says. `prefix` is a command to run it by. */
export async function begin<Facts = { pid: number }>(
  name: string,
  args: readonly (string | number)[] = [],
  prefix: readonly string[] = [],
): Promise<Living<Facts>> {
  const [command = '', ...rest] = [...prefix, 'python3', PROGRAM, name, ...args.map(String)];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const ended = once(child, 'close');
  for (let isOver = false; !isOver && !output.includes('\n'); ) {
    isOver = await Promise.race([ended.then(() => true), delay(10).then(() => false)]);
  }
  if (!output.includes('\n')) throw new Error(`processes.py ${name} said nothing: ${errors}`);
  return { child, facts: JSON.parse(output.slice(0, output.indexOf('\n'))) as Facts };
}

/** Runs a program to its end. */
export async function runToEnd(command: string, args: readonly string[]): Promise<{ pid: number }> {
  const child = spawn(command, args, { stdio: 'ignore' });
  await once(child, 'exit');
  return { pid: child.pid ?? 0 };
}

/** The pids of children and their statuses as wait() gave them. */
export interface Children {
  readonly children: readonly (readonly [pid: number, status: number])[];
}

function lossesOf(settings: TestSettings): Record<string, number> {
  const losses: Record<string, number> = {};
  for (const [series, value] of Object.entries(settings.registry.snapshot())) {
    const reason = /^otelcol_receiver_ebpf_losses\{.*\breason="(\w+)"/.exec(series)?.[1];
    if (reason !== undefined && value !== 0) losses[reason] = Number(value);
  }
  return losses;
}

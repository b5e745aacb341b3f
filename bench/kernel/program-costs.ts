/**
 * The time in each kernel program that runs on an event, by the kernel's own count, while nothing but that event happens: as
 * far as a machine allows that, for what others do on it is counted as well.
 */
import { mkdirSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import {
  BpfObject,
  type BpfProgram,
  enableProgramStats,
  examineMachine,
  RingBuffer,
  readPrebuilt,
} from '@tributary/bpf';
import { PipelineError } from '@tributary/core';
import type { Child } from '../src/child.ts';

/** Of each object the ring buffer that its events fill. */
const OBJECTS = [
  ['tcp', 'closed_flows'],
  ['udp', 'closed_flows'],
  ['drops', undefined],
  ['processes', 'process_events'],
  ['cgroups', 'events'],
] as const;

/** A program that ran less often for an event ran for something else. */
const MIN_RUNS = 0.1;

/** What one kernel program cost. */
export interface ProgramCost {
  /** What it ran for. */
  readonly event: string;
  readonly program: string;
  readonly runsPerEvent: number;
  readonly nanosecondsPerRun: number;
}

/** Something that happens, so many times when it is asked for. */
export interface BenchEvent {
  readonly name: string;
  readonly times: number;
  readonly make: (times: number) => Promise<unknown>;
}

/** The kinds of events that programs run on, made by these processes of the bench. */
export function benchEvents(
  clients: {
    readonly connections: Child;
    readonly datagrams: Child;
    readonly drops: Child;
    readonly processes: Child;
  },
  times: number,
): BenchEvent[] {
  return [
    { name: 'connection, both ends', times, make: (count) => clients.connections.ask(count) },
    { name: 'datagram, both ends', times: times * 5, make: (count) => clients.datagrams.ask(count) },
    { name: 'dropped datagram', times, make: (count) => clients.drops.ask(count) },
    { name: 'process', times: Math.ceil(times / 10), make: (count) => clients.processes.ask(count) },
    { name: 'cgroup, made and removed', times: Math.ceil(times / 10), make: makeCgroups },
  ];
}

/** Loads and attaches every program that runs on events, makes each event, and tells what ran for it. */
export async function measureProgramCosts(events: readonly BenchEvent[]): Promise<ProgramCost[]> {
  const root = examineMachine().cgroups.v2Path ?? '';
  const objects: BpfObject[] = [];
  const rings: RingBuffer[] = [];
  const programs: BpfProgram[] = [];
  const drain = setInterval(() => {
    for (const ring of rings) ring.drain(() => undefined);
  }, 100);
  const disable = enableProgramStats();
  try {
    for (const [name, ring] of OBJECTS) {
      const knobs = name === 'tcp' ? { notes_asked: 1 } : {};
      const object = new BpfObject(readPrebuilt(name), { name, knobs });
      objects.push(object);
      if (ring !== undefined) rings.push(new RingBuffer(object.map(ring)));
      programs.push(...attachAll(object, root));
    }
    const costs: ProgramCost[] = [];
    for (const event of events) costs.push(...(await measureEvent(event, programs)));
    return costs;
  } finally {
    disable();
    clearInterval(drain);
    for (const ring of rings) ring.close();
    for (const object of objects) object.close();
  }
}

/** Attaches what runs on events; of several programs for different kernels the one that this takes. */
function attachAll(object: BpfObject, root: string): BpfProgram[] {
  const loaded = new Set<string>();
  return object.programs.flatMap(({ name, section }) => {
    // `follow_exit_before_6_16` is for kernels that do not take `follow_exit`.
    if (section.startsWith('iter/') || loaded.has(name.replace(/_before_.*/, ''))) return [];
    try {
      const program = object.load(name);
      if (section.startsWith('cgroup/connect')) program.attachCgroupFirst(root);
      else if (section.startsWith('cgroup')) program.attachCgroup(root);
      else program.attach();
      loaded.add(name);
      return [program];
    } catch (error) {
      if (error instanceof PipelineError && error.code === 'BPF_LOAD') return [];
      throw error;
    }
  });
}

async function measureEvent(event: BenchEvent, programs: readonly BpfProgram[]): Promise<ProgramCost[]> {
  const before = programs.map((program) => program.stats());
  await event.make(event.times);
  return programs.flatMap((program, index) => {
    const { runCount, runTimeNs } = program.stats();
    const runs = Number(runCount - (before[index]?.runCount ?? 0n));
    const runsPerEvent = runs / event.times;
    if (runsPerEvent < MIN_RUNS) return [];
    const nanosecondsPerRun = Number(runTimeNs - (before[index]?.runTimeNs ?? 0n)) / runs;
    return [
      { event: event.name, program: `${program.name} (${program.section})`, runsPerEvent, nanosecondsPerRun },
    ];
  });
}

async function makeCgroups(times: number): Promise<void> {
  const root = examineMachine().cgroups.v2Path ?? '';
  const directory = path.join(root, `bench-${process.pid}`);
  for (let made = 0; made < times; made += 1) {
    mkdirSync(directory);
    rmdirSync(directory);
  }
}

/** The costs as rows of Markdown, with the sum for each event. */
export function programCostsMarkdown(costs: readonly ProgramCost[]): string {
  const rows = [...Map.groupBy(costs, ({ event }) => event)].flatMap(([event, all]) => {
    const total = all.reduce((sum, each) => sum + each.runsPerEvent * each.nanosecondsPerRun, 0);
    return [
      ...all.map(
        ({ program, runsPerEvent, nanosecondsPerRun }) =>
          `| ${event} | ${program} | ${runsPerEvent.toFixed(2)} | ${nanosecondsPerRun.toFixed(0)} |`,
      ),
      `| ${event} | all, ns an event | | ${total.toFixed(0)} |`,
    ];
  });
  return [
    '| event | program | runs an event | ns a run, with the measuring |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

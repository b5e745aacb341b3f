import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parseMounts } from '@tributary/bpf';
import { describe, expect, it, type TestContext } from 'vitest';
import { type Controller, findHierarchies } from '../../src/resources/hierarchies.ts';
import { ResourceWriter } from '../../src/resources/resource-writer.ts';
import { WatchedCgroups } from '../../src/resources/watched-cgroups.ts';
import { type Resource, resourcesOf } from '../resources/read-metrics.ts';
import { withCgroups } from './cgroup-lab.ts';

const run = promisify(execFile);
const mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
const hierarchies = findHierarchies(mounts);
const MIB = 1024 * 1024;
let made = 0;

/** A container: cgroups of its name in every hierarchy. */
interface Container {
  readonly id: string;
  /** Its directory in the hierarchy of a controller. */
  readonly directories: ReadonlyMap<Controller, string>;
  /** What its file has, read by other means than the block's. */
  file(controller: Controller, name: string): string;
  /** A shell command that moves the shell in. */
  readonly enter: string;
  /** Removes it, and makes another with the same name if wanted. */
  remove(): void;
  make(): void;
}

async function withContainer(work: (container: Container) => Promise<void>): Promise<void> {
  made += 1;
  const id = `${process.pid.toString(16)}0${made.toString(16)}${'e'.repeat(64)}`.slice(0, 64);
  const directories = new Map<Controller, string>();
  const removals: (() => void)[] = [];
  const makers: (() => void)[] = [];
  const nest = async (index: number): Promise<void> => {
    const hierarchy = hierarchies[index];
    if (hierarchy === undefined) {
      await work({
        id,
        directories,
        file: (controller, name) =>
          readFileSync(path.join(directories.get(controller) as string, name), 'utf8'),
        enter: [...new Set(directories.values())]
          .map((directory) => `echo $$ > ${directory}/cgroup.procs`)
          .join(' && '),
        remove: () => {
          for (const remove of removals) remove();
        },
        make: () => {
          for (const make of makers) make();
        },
      });
      return;
    }
    await withCgroups(hierarchy.mountPath, async (lab) => {
      const directory = lab.make(id);
      for (const controller of hierarchy.controllers) directories.set(controller, directory);
      removals.push(() => lab.remove(id));
      makers.push(() => lab.make(id));
      await nest(index + 1);
    });
  };
  await nest(0);
}

function watched(): {
  read(): Resource[];
  of(container: Container): Resource | undefined;
  close(): void;
} {
  const cgroups = new WatchedCgroups({
    mounts,
    withUnits: false,
    maxCgroups: 10_000,
    onTooMany: () => undefined,
    onUnreadable: (error) => expect(error).toBeUndefined(),
  });
  const writer = new ResourceWriter({ version: '1.2.3' });
  const read = (): Resource[] => {
    cgroups.readAll((...reading) => writer.write(...reading));
    return resourcesOf([writer.finish()]);
  };
  return {
    read,
    of: ({ id }) => read().find(({ attributes }) => attributes['container.id'] === id),
    close: () => cgroups.close(),
  };
}

/** The value of the line that begins so. */
function numberOf(file: string, key: string): number {
  return Number(new RegExp(`^${key} ([0-9]+)$`, 'm').exec(file)?.[1]);
}

function sumOf(resource: Resource | undefined, metric: string): number {
  return (resource?.metrics[metric] ?? []).reduce((total, [, value]) => total + value, 0);
}

function needs({ skip }: TestContext, ...controllers: Controller[]): void {
  const found = hierarchies.flatMap((hierarchy) => hierarchy.controllers);
  for (const controller of controllers) {
    skip(!found.includes(controller), `needs a hierarchy of version 1 with the controller ${controller}`);
  }
  skip(process.getuid?.() !== 0, 'needs root, to make cgroups');
}

describe('the CPU time of a container', () => {
  it('is all that the kernel charged to it, and grows from reading to reading', async (context) => {
    needs(context, 'cpuacct');
    const cgroups = watched();
    await withContainer(async (container) => {
      const burn = () =>
        run('sh', ['-c', `${container.enter}; exec timeout 0.5 sh -c 'while :; do :; done'`]).catch(
          () => undefined,
        );
      const readings: number[] = [];
      const charged: number[] = [];
      for (let round = 0; round < 2; round += 1) {
        await burn();
        const resource = cgroups.of(container);
        charged.push(Number(container.file('cpuacct', 'cpuacct.usage')) / 1e9);
        readings.push(sumOf(resource, 'container.cpu.time s'));
        if (round > 0) {
          const starts = resource?.list.flatMap((metric) =>
            metric.type === 'sum' ? metric.dataPoints().map((point) => point.startTimeUnixNano) : [],
          );
          expect(new Set(starts).size).toBe(1);
          const [[, cpus] = []] = resource?.metrics['container.cpu.usage {cpu}'] ?? [];
          expect(cpus).toBeGreaterThan(0);
        }
      }
      expect(readings[0]).toBeCloseTo(charged[0] as number, 6);
      expect(readings[1]).toBeCloseTo(charged[1] as number, 6);
      expect(readings[0]).toBeGreaterThan(0.01);
      expect(readings[1]).toBeGreaterThan(readings[0] as number);
    });
    cgroups.close();
  });

  it('says what a limit withheld', async (context) => {
    needs(context, 'cpu');
    const cgroups = watched();
    await withContainer(async (container) => {
      expect(cgroups.of(container)?.metrics['container.cpu.periods {period}']).toBeUndefined();
      writeFileSync(`${container.directories.get('cpu')}/cpu.cfs_quota_us`, '10000');
      await run('sh', ['-c', `${container.enter}; exec timeout 1 sh -c 'while :; do :; done'`]).catch(
        () => undefined,
      );
      const resource = cgroups.of(container);
      const stat = container.file('cpu', 'cpu.stat');
      expect([
        sumOf(resource, 'container.cpu.periods {period}'),
        sumOf(resource, 'container.cpu.throttled.periods {period}'),
        sumOf(resource, 'container.cpu.throttled.time s'),
      ]).toEqual([
        numberOf(stat, 'nr_periods'),
        numberOf(stat, 'nr_throttled'),
        numberOf(stat, 'throttled_time') / 1e9,
      ]);
      expect(numberOf(stat, 'nr_throttled')).toBeGreaterThan(0);
    });
    cgroups.close();
  });

  it('says how long it waited for CPUs that others had', async (context) => {
    needs(context, 'v2');
    const cgroups = watched();
    await withContainer(async (container) => {
      context.skip(
        !existsSync(`${container.directories.get('v2')}/cpu.pressure`),
        'needs pressure stall information',
      );
      // More than there are CPUs, so that some always wait.
      const burners = Array.from(
        { length: os.availableParallelism() + 2 },
        () => 'timeout 0.7 sh -c "while :; do :; done" &',
      );
      await run('sh', ['-c', `${container.enter}; ${burners.join(' ')} wait`]);
      const total = Number(/^some .*total=([0-9]+)$/m.exec(container.file('v2', 'cpu.pressure'))?.[1]);
      const pressure = sumOf(cgroups.of(container), 'container.cpu.pressure.time s');
      // The kernel brings the total up to date with each reading.
      expect(pressure).toBeGreaterThanOrEqual(total / 1e6);
      expect(total).toBeGreaterThan(0);
    });
    cgroups.close();
  });
});

describe('the memory of a container', () => {
  it('is what its processes hold', async (context) => {
    needs(context, 'memory');
    const cgroups = watched();
    await withContainer(async (container) => {
      writeFileSync(`${container.directories.get('memory')}/memory.limit_in_bytes`, String(256 * MIB));
      const holder = spawn('sh', [
        '-c',
        `${container.enter}; exec python3 -c 'import sys; held = b"x" * (64 << 20); print("up", flush=True); sys.stdin.read()'`,
      ]);
      try {
        await once(holder.stdout, 'data');
        const resource = cgroups.of(container);
        const stat = container.file('memory', 'memory.stat');
        const usage = Number(container.file('memory', 'memory.usage_in_bytes'));
        const workingSet = usage - numberOf(stat, 'total_inactive_file');
        const one = (metric: string): number => sumOf(resource, metric);
        // The kernel gathers what its CPUs have counted every two seconds, so two readings may differ a little.
        expect(Math.abs(one('container.memory.rss By') - numberOf(stat, 'total_rss'))).toBeLessThan(MIB);
        expect(Math.abs(one('container.memory.usage By') - usage)).toBeLessThan(MIB);
        expect(Math.abs(one('container.memory.working_set By') - workingSet)).toBeLessThan(MIB);
        expect(Math.abs(one('container.memory.available By') - (256 * MIB - workingSet))).toBeLessThan(MIB);
        expect(one('container.memory.usage By')).toBeGreaterThan(64 * MIB);
        // Of 4 KiB each, but for huge pages.
        expect(one('container.paging.faults {fault}')).toBeGreaterThan(32);
        expect(resource?.metrics['container.thread.count {thread}']).toEqual([
          [{}, Number(container.file('pids', 'pids.current'))],
        ]);
      } finally {
        holder.stdin.end();
        await once(holder, 'close');
      }
    });
    cgroups.close();
  });

  it('counts the processes that were killed for want of it, and how often it met its limit', async (context) => {
    needs(context, 'memory');
    const cgroups = watched();
    await withContainer(async (container) => {
      const directory = container.directories.get('memory');
      writeFileSync(`${directory}/memory.limit_in_bytes`, String(32 * MIB));
      const withSwap = `${directory}/memory.memsw.limit_in_bytes`;
      if (existsSync(withSwap)) writeFileSync(withSwap, String(33 * MIB));
      const greedy = run('sh', ['-c', `${container.enter}; exec python3 -c 'b"x" * (256 << 20)'`]);
      await expect(greedy).rejects.toMatchObject({ signal: 'SIGKILL' });
      const resource = cgroups.of(container);
      expect(resource?.metrics['container.memory.oom_kills {process}']).toEqual([[{}, 1]]);
      expect(resource?.metrics['container.memory.events {event}']).toEqual([
        [{ 'container.memory.event': 'max' }, Number(container.file('memory', 'memory.failcnt'))],
      ]);
      expect(Number(container.file('memory', 'memory.failcnt'))).toBeGreaterThan(0);
    });
    cgroups.close();
  });
});

describe('the disks of a container', () => {
  it('have the bytes and operations that it read and wrote, as the kernel counts them', async (context) => {
    needs(context, 'blkio');
    const file = path.join(import.meta.dirname, `../../testdata/direct-${process.pid}`);
    const cgroups = watched();
    try {
      await withContainer(async (container) => {
        const { stdout } = await run('stat', ['-c', '%Hd:%Ld', import.meta.dirname]);
        const device = stdout.trim();
        const { stdout: name } = await run('lsblk', ['-nro', 'NAME,MAJ:MIN']);
        const named = new RegExp(`^(\\S+) ${device}$`, 'm').exec(name)?.[1];
        context.skip(named === undefined, 'needs a file system on a block device');
        // This controller counts for a device only once something is limited on it.
        for (const limit of ['read', 'write']) {
          writeFileSync(
            `${container.directories.get('blkio')}/blkio.throttle.${limit}_bps_device`,
            `${device} 100000000000`,
          );
        }
        await run('sh', [
          '-c',
          `${container.enter}; dd if=/dev/zero of=${file} bs=64k count=16 oflag=direct; dd if=${file} of=/dev/null bs=64k count=5 iflag=direct`,
        ]);
        const resource = cgroups.of(container);
        const counted = (name: string): number[] =>
          ['Read', 'Write'].map((direction) =>
            numberOf(container.file('blkio', name), `${device} ${direction}`),
          );
        const [bytes, operations] = ['io By', 'operations {operation}'].map((metric) =>
          resource?.metrics[`container.disk.${metric}`]?.map(([attributes, value]) => ({
            ...attributes,
            value,
          })),
        );
        const both = ([read, write]: number[]): unknown[] => [
          { 'system.device': named, 'disk.io.direction': 'read', value: read },
          { 'system.device': named, 'disk.io.direction': 'write', value: write },
        ];
        const bytesCounted = counted('blkio.throttle.io_service_bytes_recursive');
        const operationsCounted = counted('blkio.throttle.io_serviced_recursive');
        expect([bytes, operations]).toEqual([both(bytesCounted), both(operationsCounted)]);
        // The shell may have had to read something of itself.
        expect([bytesCounted[1], operationsCounted[1]]).toEqual([16 * 65_536, 16]);
        expect(bytesCounted[0]).toBeGreaterThanOrEqual(5 * 65_536);
        expect(operationsCounted[0]).toBeGreaterThanOrEqual(5);
      });
    } finally {
      rmSync(file, { force: true });
      cgroups.close();
    }
  });
});

describe('containers', () => {
  it('that are gone are left out, and one that comes again with the name is another one', async (context) => {
    needs(context);
    const cgroups = watched();
    await withContainer(async (container) => {
      const startOf = (resource: Resource | undefined): bigint | undefined =>
        resource?.list[0]?.dataPoints()[0]?.startTimeUnixNano;
      const before = BigInt(Date.now() - 60_000) * 1_000_000n;
      const first = startOf(cgroups.of(container));
      container.remove();
      const gone = cgroups.of(container);
      container.make();
      const second = startOf(cgroups.of(container));
      expect(gone).toBeUndefined();
      expect(first).toBeGreaterThan(before);
      expect(second).toBeGreaterThan(first as bigint);
    });
    cgroups.close();
  });

  it('that are hostile names of somebody else are no containers, and break nothing', async (context) => {
    needs(context, 'v2');
    const { mountPath } = hierarchies.find(({ controllers }) => controllers.includes('v2')) ?? {
      mountPath: '',
    };
    await withCgroups(mountPath, async (lab) => {
      for (const name of [
        '\u0001\u001b[31m',
        'é'.repeat(100),
        `docker-${'f'.repeat(64)}.scope.bak`,
        '\\x2d',
        'pod$(id)',
      ]) {
        lab.make(name);
      }
      const cgroups = watched();
      const paths = cgroups.read().map(({ attributes }) => String(attributes['process.linux.cgroup']));
      expect(paths.filter((found) => found.startsWith(lab.path('')))).toEqual([]);
      cgroups.close();
    });
  });
});

describe('a user without any capability', () => {
  const SCRIPT = path.join(import.meta.dirname, '../../testdata/run-resources.ts');

  it('is told what containers use all the same, and nothing of BPF', async (context) => {
    needs(context);
    await withContainer(async (container) => {
      const nobody = ['--reuid=65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
      const { stdout } = await run('setpriv', [...nobody, process.execPath, SCRIPT]);
      const { containers, ...rest } = JSON.parse(stdout);
      expect(rest).toEqual({ reported: [], losses: [], logs: [] });
      // Read at the start and at the end.
      expect(containers.filter((id: string) => id === container.id)).toHaveLength(2);
    });
  });

  it('is told where control groups are missing', async (context) => {
    needs(context);
    const { stdout } = await run('unshare', [
      '--mount',
      'sh',
      '-c',
      'umount -R /sys/fs/cgroup && exec "$@"',
      'sh',
      process.execPath,
      SCRIPT,
    ]);
    expect(JSON.parse(stdout)).toEqual({
      containers: [],
      reported: [
        {
          status: 'permanent_error',
          message:
            'ebpf: the block resources finds no control groups (none are mounted here). Mount /sys/fs/cgroup, in a container that of the host.',
        },
      ],
      losses: [],
      logs: [],
    });
  });
});

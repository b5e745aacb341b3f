import { statSync } from 'node:fs';
import path from 'node:path';
import type { Mount } from '@tributary/bpf';
import { describe, expect, it } from 'vitest';
import { ResourceWriter } from '../../src/resources/resource-writer.ts';
import { WatchedCgroups } from '../../src/resources/watched-cgroups.ts';
import { type Resource, resourcesOf } from './read-metrics.ts';

const RECORDED = path.join(import.meta.dirname, '../../testdata/resources');
const ID = '3f29a1d0c5b87e6f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f';
const POD =
  '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b2c3d4e_0000_4444_8888_aaaabbbbcccc.slice';
const CONTAINER = `${POD}/cri-containerd-${ID}.scope`;
const V2: Mount = { path: path.join(RECORDED, 'v2'), type: 'cgroup2', root: '/', superOptions: ['rw'] };
const V1 = ['cpu,cpuacct', 'memory', 'blkio', 'pids'].map(
  (name): Mount => ({
    path: path.join(RECORDED, 'v1', name),
    type: 'cgroup',
    root: '/',
    superOptions: ['rw', ...name.split(',')],
  }),
);

/** Reads once; without what depends on the clock. */
function read(mounts: readonly Mount[], withUnits = false): Resource[] {
  const cgroups = new WatchedCgroups({
    mounts,
    withUnits,
    maxCgroups: 10,
    onTooMany: () => undefined,
    onUnreadable: (error) => expect(error).toBeUndefined(),
  });
  const writer = new ResourceWriter({ version: '1.2.3' });
  cgroups.readAll((...read) => writer.write(...read));
  cgroups.close();
  return resourcesOf([writer.finish()]).map((resource) => {
    const { 'container.uptime s': _, 'systemd.unit.uptime s': __, ...metrics } = resource.metrics;
    return { ...resource, metrics };
  });
}

describe('what a container uses', () => {
  it('comes from the files of version 2', () => {
    const [container, ...others] = read([V2]);
    expect(others).toEqual([]);
    expect(container?.attributes).toEqual({
      'container.id': ID,
      'k8s.pod.uid': '1b2c3d4e-0000-4444-8888-aaaabbbbcccc',
      'process.linux.cgroup': CONTAINER,
    });
    expect(container?.metrics).toEqual({
      'container.cpu.time s': [
        [{ 'cpu.mode': 'user' }, 5.000001],
        [{ 'cpu.mode': 'system' }, 2.65432],
      ],
      'container.cpu.pressure.time s': [[{}, 1.234567]],
      'container.cpu.periods {period}': [[{}, 120]],
      'container.cpu.throttled.periods {period}': [[{}, 30]],
      'container.cpu.throttled.time s': [[{}, 4.5]],
      'container.paging.faults {fault}': [
        [{ 'system.paging.fault.type': 'minor' }, 45_600],
        [{ 'system.paging.fault.type': 'major' }, 78],
      ],
      'container.memory.events {event}': [
        [{ 'container.memory.event': 'low' }, 1],
        [{ 'container.memory.event': 'high' }, 2],
        [{ 'container.memory.event': 'max' }, 3],
        [{ 'container.memory.event': 'oom' }, 4],
      ],
      'container.memory.oom_kills {process}': [[{}, 5]],
      'container.memory.usage By': [[{}, 104_857_600]],
      'container.memory.working_set By': [[{}, 104_857_600 - 20_971_520]],
      'container.memory.rss By': [[{}, 62_914_560]],
      'container.memory.available By': [[{}, 134_217_728 - (104_857_600 - 20_971_520)]],
      'container.thread.count {thread}': [[{}, 7]],
      'container.disk.io By': [
        [{ 'system.device': '259:7777', 'disk.io.direction': 'read' }, 1_048_576],
        [{ 'system.device': '259:7777', 'disk.io.direction': 'write' }, 2_097_152],
        [{ 'system.device': '259:7778', 'disk.io.direction': 'read' }, Number.MAX_SAFE_INTEGER],
        [{ 'system.device': '259:7778', 'disk.io.direction': 'write' }, 0],
      ],
      'container.disk.operations {operation}': [
        [{ 'system.device': '259:7777', 'disk.io.direction': 'read' }, 16],
        [{ 'system.device': '259:7777', 'disk.io.direction': 'write' }, 32],
        [{ 'system.device': '259:7778', 'disk.io.direction': 'read' }, 1],
        [{ 'system.device': '259:7778', 'disk.io.direction': 'write' }, 0],
      ],
    });
    expect(
      container?.list.map(({ name, type, aggregationTemporality, isMonotonic }) => [
        name,
        type,
        aggregationTemporality,
        isMonotonic,
      ]),
    ).toEqual([
      ['container.cpu.time', 'sum', 2, true],
      ['container.cpu.pressure.time', 'sum', 2, true],
      ['container.cpu.periods', 'sum', 2, true],
      ['container.cpu.throttled.periods', 'sum', 2, true],
      ['container.cpu.throttled.time', 'sum', 2, true],
      ['container.paging.faults', 'sum', 2, true],
      ['container.memory.events', 'sum', 2, true],
      ['container.memory.oom_kills', 'sum', 2, true],
      ['container.memory.usage', 'sum', 2, false],
      ['container.memory.working_set', 'sum', 2, false],
      ['container.memory.rss', 'sum', 2, false],
      ['container.memory.available', 'sum', 2, false],
      ['container.thread.count', 'sum', 2, false],
      ['container.disk.io', 'sum', 2, true],
      ['container.disk.operations', 'sum', 2, true],
      ['container.uptime', 'gauge', 0, false],
    ]);
  });

  it('comes from the controllers of version 1, which share hierarchies or have their own', () => {
    const [container, ...others] = read(V1);
    expect(others).toEqual([]);
    expect(container?.attributes).toEqual({ 'container.id': ID, 'process.linux.cgroup': `/docker/${ID}` });
    expect(container?.metrics).toEqual({
      // 9 s, a quarter of which, by the kernel's samples, in the kernel.
      'container.cpu.time s': [
        [{ 'cpu.mode': 'user' }, 6.75],
        [{ 'cpu.mode': 'system' }, 2.25],
      ],
      'container.cpu.wait.time s': [[{}, 0.75]],
      'container.cpu.periods {period}': [[{}, 10]],
      'container.cpu.throttled.periods {period}': [[{}, 4]],
      'container.cpu.throttled.time s': [[{}, 2.5]],
      'container.paging.faults {fault}': [
        [{ 'system.paging.fault.type': 'minor' }, 990],
        [{ 'system.paging.fault.type': 'major' }, 10],
      ],
      'container.memory.events {event}': [[{ 'container.memory.event': 'max' }, 11]],
      'container.memory.oom_kills {process}': [[{}, 2]],
      'container.memory.usage By': [[{}, 50_000_000]],
      'container.memory.working_set By': [[{}, 35_000_000]],
      'container.memory.rss By': [[{}, 30_000_000]],
      'container.memory.available By': [[{}, 25_000_000]],
      'container.thread.count {thread}': [[{}, 4]],
      'container.disk.io By': [
        [{ 'system.device': '259:7777', 'disk.io.direction': 'read' }, 4096],
        [{ 'system.device': '259:7777', 'disk.io.direction': 'write' }, 8192],
      ],
      'container.disk.operations {operation}': [
        [{ 'system.device': '259:7777', 'disk.io.direction': 'read' }, 1],
        [{ 'system.device': '259:7777', 'disk.io.direction': 'write' }, 2],
      ],
    });
  });

  it('is told of units only where that is wanted, under their own names, and once for what is below a unit', () => {
    const found = read([V2], true);
    expect(found.map(({ attributes }) => attributes['process.linux.cgroup'])).toEqual([
      CONTAINER,
      '/system.slice/nginx.service',
    ]);
    const unit = found[1];
    expect([unit?.attributes, unit?.metrics]).toEqual([
      { 'systemd.unit.name': 'nginx.service', 'process.linux.cgroup': '/system.slice/nginx.service' },
      {
        'systemd.unit.cpu.time s': [
          [{ 'cpu.mode': 'user' }, 0.000004],
          [{ 'cpu.mode': 'system' }, 0.000006],
        ],
        'systemd.unit.thread.count {thread}': [[{}, 3]],
      },
    ]);
  });

  it('counts from when the cgroup was made', () => {
    const { birthtimeMs: _, ...stat } = statSync(path.join(RECORDED, 'v2', CONTAINER));
    const start = BigInt(Math.round(Math.min(stat.ctimeMs, stat.mtimeMs, stat.atimeMs))) * 1_000_000n;
    const [container] = read([V2]);
    const starts = container?.list
      .filter(({ type }) => type === 'sum')
      .flatMap((metric) => metric.dataPoints().map((point) => point.startTimeUnixNano));
    expect(new Set(starts)).toEqual(new Set([start]));
  });
});

/**
 * Microseconds to read what one container uses and write it as OTLP metrics: `node bench/micro/resources.ts`. As root: it
 * makes 200 cgroups named as containers, in each hierarchy that this machine has, and removes them.
 */
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { parseMounts } from '../../packages/bpf/src/index.ts';
import { findHierarchies } from '../../packages/receiver-ebpf/src/resources/hierarchies.ts';
import { ResourceWriter } from '../../packages/receiver-ebpf/src/resources/resource-writer.ts';
import { WatchedCgroups } from '../../packages/receiver-ebpf/src/resources/watched-cgroups.ts';
import { nanosecondsPerCall } from './measure.ts';

const CONTAINERS = 200;

const mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
const hierarchies = findHierarchies(mounts);
const directories: string[] = [];
const make = (directory: string): void => {
  mkdirSync(directory);
  directories.push(directory);
};

try {
  for (const { mountPath } of hierarchies) {
    make(`${mountPath}/bench-${process.pid}`);
    for (let container = 0; container < CONTAINERS; container += 1) {
      make(`${mountPath}/bench-${process.pid}/${container.toString(16).padStart(64, '0')}`);
    }
  }
  const cgroups = new WatchedCgroups({
    mounts,
    withUnits: false,
    maxCgroups: 10_000,
    onTooMany: () => undefined,
    onUnreadable: (error) => console.error(error),
  });
  const writer = new ResourceWriter({ version: '1.2.3', hostName: 'node-1' });
  let byteLength = 0;
  const nanoseconds = nanosecondsPerCall(() => {
    cgroups.readAll((cgroup, reading, time) => writer.write(cgroup, reading, time));
    byteLength = writer.finish()?.byteLength ?? 0;
  });
  const { size } = cgroups;
  cgroups.close();
  console.log(
    `${(nanoseconds / 1000 / size).toFixed(0)} us and ${(byteLength / size).toFixed(0)} bytes a container, of ${size} in ` +
      `${hierarchies.length} hierarchies`,
  );
} finally {
  for (const directory of directories.toReversed()) rmdirSync(directory);
}

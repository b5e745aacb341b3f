/** Looks for the cgroup of a process that has its own pid, as on a machine with version 1 alone; prints it as JSON. */
import { readFileSync } from 'node:fs';
import { CgroupNames } from '../src/cgroups/cgroup-names.ts';
import { startTicks } from '../src/cgroups/process-cgroups.ts';

const started = startTicks(readFileSync('/proc/self/stat', 'utf8'));
const name = new CgroupNames({ version: 'v1' }).find(0, process.pid, started);
console.log(JSON.stringify({ path: name?.path }));

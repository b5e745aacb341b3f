/** Looks for the cgroup of a process that has its own pid, as on a machine with version 1 alone; prints it as JSON. */
import { CgroupNames } from '../src/cgroups/cgroup-names.ts';

console.log(JSON.stringify({ path: new CgroupNames({ version: 'v1' }).find(0, process.pid)?.path }));

/** Finds cgroups by their ids, its arguments, in a process of its own, such as one in a container; prints them as JSON. */
import { examineMachine } from '@tributary/bpf';
import { testSettings } from '@tributary/testkit';
import { CgroupNames } from '../src/cgroups/cgroup-names.ts';
import { CgroupWatch } from '../src/cgroups/cgroup-watch.ts';

const { cgroups: mounts } = examineMachine();
const names = new CgroupNames(mounts, { watch: new CgroupWatch(testSettings({ id: 'ebpf' }).logger) });
await names.start();
const paths = process.argv.slice(2).map((id) => names.find(Number(id), 0)?.path);
names.close();
console.log(JSON.stringify({ mount: mounts.v2Path, paths }));

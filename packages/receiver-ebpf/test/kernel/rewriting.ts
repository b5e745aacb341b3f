/** Programs of another's that send what goes to a service to one of its pods, as a CNI's socket-level load balancing does. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BpfObject, examineMachine } from '@tributary/bpf';

const OBJECT = path.join(import.meta.dirname, '../../testdata/rewrite.bpf.o');

/** The port of the service; its addresses are 192.0.2.10 and 2001:db8::10, and the pod's those of the loopback. */
export const SERVICE_PORT = 80;

/** The root of cgroup version 2. */
export const ROOT_CGROUP = examineMachine().cgroups.v2Path ?? '';

/** Runs `work` while what processes below `cgroup` send to the service goes to `port`. */
export async function rewriting(cgroup: string, port: number, work: () => Promise<void>): Promise<void> {
  const object = new BpfObject(readFileSync(OBJECT), {
    name: 'rewrite',
    knobs: { service_port: SERVICE_PORT, backend_port: port },
  });
  try {
    for (const name of ['rewrite4', 'rewrite6', 'rewrite_sent4', 'rewrite_sent6']) {
      object.load(name).attachCgroup(cgroup);
    }
    await work();
  } finally {
    object.close();
  }
}

/** Programs of another's that send what goes to a service to one of its pods, as a CNI's socket-level load balancing does. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { BpfObject, examineMachine } from '@tributary/bpf';

const OBJECT = path.join(import.meta.dirname, '../../testdata/rewrite.bpf.o');

/** The root of cgroup version 2. */
export const ROOT_CGROUP = examineMachine().cgroups.v2Path ?? '';

/** What is rewritten: `connect()`, and `sendto()` as well. */
export const AT_CONNECT = ['rewrite4', 'rewrite6'] as const;
export const AT_CONNECT_AND_SEND = [...AT_CONNECT, 'rewrite_sent4', 'rewrite_sent6'] as const;

/**
 * Runs `work` while what processes below `cgroup` send to a service goes to `port`. The service's addresses are
 * 192.0.2.10 and 2001:db8::10, and the pod's those of the loopback. Files of tests run at once: each has a service port
 * of its own.
 */
export async function rewriting(
  programs: readonly string[],
  { cgroup, servicePort, port }: { cgroup: string; servicePort: number; port: number },
  work: () => Promise<void>,
): Promise<void> {
  const object = new BpfObject(readFileSync(OBJECT), {
    name: 'rewrite',
    knobs: { service_port: servicePort, backend_port: port },
  });
  try {
    for (const name of programs) object.load(name).attachCgroup(cgroup);
    await work();
  } finally {
    object.close();
  }
}

/**
 * How many programs this very process has attached to cgroups at a hook of `enum bpf_attach_type`, as /proc tells of
 * its links.
 */
export function ownPrograms(attachType: number): number {
  const texts = readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    } catch {
      // That of the folder, which is closed by now.
      return '';
    }
  });
  return texts.filter(
    (text) => text.includes('link_type:\tcgroup') && text.includes(`attach_type:\t${attachType}\n`),
  ).length;
}

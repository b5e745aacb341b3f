import { readFileSync } from 'node:fs';
import type { Pod } from './pod.ts';

/**
 * What the kernel itself counted in a pod's network namespace, as /proc/PID/net/snmp and netstat have it: `Tcp.RetransSegs`,
 * `TcpExt.TCPTimeouts`, `Udp.OutDatagrams`. A group is two lines, the first with the names and the second with the numbers.
 */
export function kernelCounters(pod: Pod): Readonly<Record<string, number>> {
  const counters: Record<string, number> = {};
  for (const file of ['snmp', 'netstat']) {
    const lines = readFileSync(`/proc/${pod.pausePid}/net/${file}`, 'utf8').split('\n');
    for (let index = 0; index + 1 < lines.length; index += 2) {
      const [group = '', ...names] = (lines[index] as string).split(' ');
      const [, ...values] = (lines[index + 1] as string).split(' ');
      for (const [position, name] of names.entries()) {
        counters[`${group.replace(':', '')}.${name}`] = Number(values[position]);
      }
    }
  }
  return counters;
}

import { readFileSync } from 'node:fs';
import type { Listener } from './description.ts';

/** TCP_LISTEN of include/net/tcp_states.h. An unconnected UDP socket is in TCP_CLOSE. */
const TCP_LISTEN = '0A';
const TCP_CLOSE = '07';

/**
 * Whether somebody listens on a port in a process's network namespace, as /proc/PID/net says. To connect would be surer
 * and would be counted as traffic.
 */
export function isListening(pid: number, { port, protocol = 'tcp' }: Listener): boolean {
  const state = protocol === 'tcp' ? TCP_LISTEN : TCP_CLOSE;
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return [protocol, `${protocol}6`].some((file) =>
    // sl local_address rem_address st …
    readFileSync(`/proc/${pid}/net/${file}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .some((fields) => fields[1]?.endsWith(wanted) === true && fields[3] === state),
  );
}

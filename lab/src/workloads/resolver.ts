import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Workload } from '../description.ts';
import { CLUSTER_DOMAIN } from '../names.ts';

/** The file that names are in, in a resolver's folder. */
export const RESOLVER_HOSTS = 'names';

/** As CoreDNS has it in Kubernetes, in seconds. */
const TTL = 30;

/**
 * dnsmasq, knowing the names of a file and no others: what is not there does not exist. It reads the file anew at SIGHUP
 * and says so on its standard error.
 */
export const resolver: Workload = ({ directory }) => {
  const hosts = path.join(directory, RESOLVER_HOSTS);
  writeFileSync(hosts, '');
  return {
    command: [
      'dnsmasq',
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--log-facility=-',
      '--pid-file=',
      '--user=root',
      '--no-resolv',
      '--no-hosts',
      `--addn-hosts=${hosts}`,
      `--local-ttl=${TTL}`,
      `--local=/${CLUSTER_DOMAIN}/`,
      '--address=/#/',
    ],
    listens: [{ port: 53, protocol: 'udp' }],
  };
};

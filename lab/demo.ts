import { type CgroupOptions, type ClusterDescription, nginx, redis } from './src/index.ts';

/** Calls the shop's services in turn, for ever. */
const VISIT = `while sleep 0.5; do curl -s -o /dev/null http://web/; curl -s -o /dev/null http://nowhere/; done`;

/** What `npm run lab` makes: a small shop on two nodes, and somebody who visits it. */
export function demo(cgroups: CgroupOptions): ClusterDescription {
  const namespace = 'shop';
  const web = (name: string, node: string) => ({
    name,
    namespace,
    node,
    labels: { app: 'web' },
    containers: [{ name: 'nginx', workload: nginx() }],
  });
  return {
    cgroups,
    nodes: ['node-1', 'node-2'],
    pods: [
      web('web-0', 'node-1'),
      web('web-1', 'node-2'),
      {
        name: 'cache-0',
        namespace,
        labels: { app: 'cache' },
        qos: 'guaranteed',
        containers: [{ name: 'redis', workload: redis() }],
      },
      {
        name: 'visitor',
        namespace,
        qos: 'besteffort',
        containers: [{ name: 'curl', workload: () => ({ command: ['sh', '-c', VISIT] }) }],
      },
      { name: 'agent', namespace: 'kube-system', hostNetwork: true, containers: [{ name: 'shell' }] },
    ],
    services: [
      { name: 'web', namespace, selector: { app: 'web' }, ports: [{ port: 80 }] },
      { name: 'cache', namespace, selector: { app: 'cache' }, ports: [{ port: 6379 }] },
      { name: 'nowhere', namespace, selector: { app: 'nobody' }, ports: [{ port: 80 }] },
    ],
  };
}

import { app, type CgroupOptions, type ClusterDescription, haproxy, nginx, redis } from './src/index.ts';

/** Calls the shop and somebody who is not there, for ever. */
const VISIT = `while sleep 0.5; do
  for host in front nowhere; do curl --ipv4 --silent --output /dev/null "http://$host/"; done
done`;

/**
 * What `npm run lab` makes: a shop on two nodes, and somebody who visits it. HAProxy takes the visits to a Node application,
 * which asks nginx, behind a service with two pods, and Redis.
 */
export function demo(cgroups: CgroupOptions): ClusterDescription {
  const namespace = 'shop';
  const web = (name: string, node: string) => ({
    name,
    namespace,
    node,
    labels: { app: 'web' },
    containers: [{ name: 'nginx', workload: nginx() }],
  });
  const shop = app({
    port: 8080,
    webUrl: 'http://web/index.html',
    cacheHost: 'cache',
    cachePort: 6379,
    family: 4,
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
        name: 'shop-0',
        namespace,
        node: 'node-2',
        labels: { app: 'shop' },
        containers: [{ name: 'node', workload: shop }, { name: 'sidecar' }],
      },
      {
        name: 'front-0',
        namespace,
        labels: { app: 'front' },
        containers: [{ name: 'haproxy', workload: haproxy({ port: 80, servers: ['shop:80'] }) }],
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
      { name: 'shop', namespace, selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 8080 }] },
      { name: 'front', namespace, selector: { app: 'front' }, ports: [{ port: 80 }] },
      { name: 'shops', namespace, selector: { app: 'shop' }, ports: [{ port: 8080 }], headless: true },
      { name: 'nowhere', namespace, selector: { app: 'nobody' }, ports: [{ port: 80 }] },
    ],
  };
}

import type { Cluster } from './cluster.ts';

/** A readable list of a cluster: what there is, where, and how to look at it. */
export function clusterMap(cluster: Cluster): string {
  const lines = [`cluster ${cluster.name}`, '', 'pods'];
  for (const pod of cluster.pods) {
    const where = pod.isHostNetwork ? `${pod.node}'s network` : pod.node;
    lines.push(
      `  ${pod.ref}  ${pod.ip}  ${pod.ip6}  on ${where}, ${pod.qos}, netns ${pod.networkNamespace.name}`,
    );
    for (const container of [pod.pause, ...pod.containers.values()]) {
      lines.push(
        `    ${container.name.padEnd(8)} pids ${container.pids.join(', ') || 'none'}  ${container.cgroup}`,
      );
    }
  }
  lines.push('', 'services');
  for (const service of cluster.services) {
    const { name, namespace, description, addresses } = service;
    const ports = description.ports.map(({ port, targetPort = port, protocol = 'tcp' }) =>
      port === targetPort ? `${port}/${protocol}` : `${port}→${targetPort}/${protocol}`,
    );
    const where = addresses === undefined ? 'headless' : `${addresses.ip}  ${addresses.ip6}`;
    const backends = cluster.podsOf(service).map((pod) => pod.name);
    lines.push(`  ${name}.${namespace}  ${where}  ${ports.join(' ')}  → ${backends.join(', ') || 'nobody'}`);
  }
  const example = cluster.pods.find((pod) => !pod.isHostNetwork && pod.namespace !== 'kube-system');
  lines.push('', 'try');
  if (example !== undefined) {
    const enter = `nsenter --target ${example.pausePid} --net --mount --uts`;
    lines.push(
      `  ${enter} -- sh                          a shell in ${example.ref}`,
      `  ip netns exec ${example.networkNamespace.name} ss -tinp   its connections, as the kernel has them`,
    );
  }
  const [node] = cluster.nodes;
  if (node !== undefined) {
    lines.push(
      `  ip netns exec ${node.namespace.name} nft list ruleset   services on ${node.name}, with what they sent on`,
    );
  }
  lines.push(
    '  npm start -- --config configs/flows.yaml        in another terminal: what Tributary sees of it',
  );
  return `${lines.join('\n')}\n`;
}

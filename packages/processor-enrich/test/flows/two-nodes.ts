import { TestCluster } from './cluster.ts';

/** Two nodes in two zones, two pods on the first and one on the second. */
export function cluster() {
  const cluster = new TestCluster();
  cluster.node('node-1', '192.168.0.1');
  cluster.node('node-2', '192.168.0.2', 'eu-west-1b');
  const cart = cluster.pod({ name: 'cart', address: '10.2.1.1' });
  const pay = cluster.pod({ name: 'pay', address: '10.2.1.2', workload: 'pay', labels: ['app', 'pay'] });
  const far = cluster.pod({ name: 'far', address: '10.2.2.1', node: 'node-2', workload: 'pay' });
  return { cluster, context: cluster.context, cart, pay, far };
}

/** What the kernel tells of sockets of two of the pods. */
export const CART = {
  'container.id': 'c-cart',
  'k8s.pod.uid': 'uid-cart',
  'process.executable.name': 'node',
};
export const PAY = { 'container.id': 'c-pay', 'k8s.pod.uid': 'uid-pay', 'process.executable.name': 'java' };

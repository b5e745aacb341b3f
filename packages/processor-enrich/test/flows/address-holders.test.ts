/** Whom an address is believed to be, where the kernel has seen who uses it. */
import { expect, test } from 'vitest';
import { flow, flowBatch, joinBatches, T0, TestCluster } from './cluster.ts';

const SERVER = '10.2.1.1';
const CALLER = '10.2.1.2';

/** A cluster in which the API tells of a server and a caller, and nothing of who has come since. */
function told() {
  const cluster = new TestCluster();
  cluster.node('node-1', '192.168.0.1');
  const server = cluster.pod({ name: 'server', address: SERVER, node: 'node-1' }, T0);
  cluster.pod({ name: 'caller', address: CALLER, node: 'node-1' }, T0);
  return { cluster, server };
}

/** A record of a socket of the pod with this uid at the server's address; who calls it is elsewhere. */
function served(podUid: string) {
  return flow(`10.9.9.9:50000 > ${SERVER}:8443`, 'destination', {
    'container.id': `of ${podUid}`,
    'k8s.pod.uid': podUid,
    'flow.duration': 0.1,
  });
}

function called(extra: Record<string, number> = {}) {
  return flow(`${CALLER}:40000 > ${SERVER}:8443`, 'source', {
    'container.id': 'c-caller',
    'k8s.pod.uid': 'uid-of-caller',
    'flow.duration': 1,
    ...extra,
  });
}

/** What is told of the destination of a call that ended at `callMs`, after another record that ended at `seenMs`. */
function destinationOf(cluster: TestCluster, seen: ReturnType<typeof flow>, seenMs: number, callMs: number) {
  const batches = [flowBatch([seen], 'node-1', seenMs), flowBatch([called()], 'node-1', callMs)];
  const record = joinBatches(cluster.context, batches)[1]!;
  return [record['destination.match'], record['destination.k8s.pod.name']];
}

test('one who the API says has an address is not named while another pod is seen to use it', () => {
  expect(destinationOf(told().cluster, served('one-that-nobody-knows'), T0 + 5000, T0 + 9000)).toEqual([
    'none',
    undefined,
  ]);
});

test('one who is seen where the API says he is, is named', () => {
  const { cluster, server } = told();
  expect(destinationOf(cluster, served(server.uid), T0 + 5000, T0 + 9000)).toEqual(['pod_ip', 'server']);
});

test('one who came after another was seen for the last time is named', () => {
  const { cluster, server } = told();
  cluster.end(server, T0 + 6000);
  cluster.pod({ name: 'next', address: SERVER, node: 'node-1' }, T0 + 7000);
  expect(destinationOf(cluster, served('one-that-nobody-knows'), T0 + 5000, T0 + 9000)).toEqual([
    'pod_ip',
    'next',
  ]);
});

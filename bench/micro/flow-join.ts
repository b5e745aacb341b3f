/**
 * Nanoseconds to join a flow record with what is known of both its ends, by the number of pods: `node bench/micro/flow-join.ts`.
 * On an agent one end is one of the hundred pods of its node and the other any pod of the cluster; on a gateway both are any pod,
 * so that nothing that is looked up is in the caches by chance. The target is 2 µs at 100,000 pods. `note` is the reading of a
 * record, `join` the finding of its ends and the writing of what is added.
 */
import {
  Batch,
  type Container,
  Context,
  EncodedAttributes,
  type Pod,
} from '../../packages/core/src/index.ts';
import { FlowJoin } from '../../packages/processor-enrich/src/flows/flow-join.ts';
import { FlowMetrics } from '../../packages/processor-enrich/src/flows/flow-metrics.ts';
import type { CgroupNames } from '../../packages/receiver-ebpf/src/cgroups/cgroup-names.ts';
import { emptyFlowRecord } from '../../packages/receiver-ebpf/src/flows/flow-record.ts';
import { FlowWriter } from '../../packages/receiver-ebpf/src/flows/flow-writer.ts';
import { testSettings } from '../../packages/testkit/src/index.ts';
import { nanosecondsPerCall } from './measure.ts';

const RECORDS = 1000;
const BATCHES = 16;
const TARGET_NANOSECONDS = 2000;

function hex(number: number, digits: number): string {
  return (number * 2_654_435_761).toString(16).padStart(digits, 'a').slice(-digits);
}

function containerId(index: number): string {
  return `${hex(index + 1, 16)}${hex(index + 7, 16)}${hex(index + 13, 16)}${hex(index + 19, 16)}`;
}

function podUid(index: number): string {
  return `${hex(index, 8)}-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

function podAddress(index: number): number {
  return 0x0a00_0000 + index;
}

function fill(context: Context, pods: number): void {
  for (let node = 0; node < Math.ceil(pods / 100); node++) {
    const name = `node-${node}`;
    context.nodes.claim(
      name,
      {
        kind: 'node',
        revision: 0,
        uid: name,
        name,
        addresses: [],
        labels: [
          'topology.kubernetes.io/zone',
          `eu-west-1${'abc'[node % 3]}`,
          'topology.kubernetes.io/region',
          'eu-west-1',
        ],
        annotations: [],
        providerId: `aws:///eu-west-1a/i-${node}`,
      },
      Number.NEGATIVE_INFINITY,
    );
  }
  context.namespaces.claim(
    'shop',
    { kind: 'namespace', revision: 0, uid: 'shop', name: 'shop', labels: [], annotations: [] },
    Number.NEGATIVE_INFINITY,
  );
  for (let index = 0; index < pods; index++) {
    const deployment = `service-${index % 2000}`;
    const replicaSet = `${deployment}-7d9f8`;
    context.workloads.claim(
      replicaSet,
      {
        kind: 'workload',
        revision: 0,
        type: 'ReplicaSet',
        uid: replicaSet,
        name: replicaSet,
        namespace: 'shop',
        owner: { kind: 'Deployment', name: deployment, uid: deployment },
        labels: [],
        annotations: [],
      },
      Number.NEGATIVE_INFINITY,
    );
    const pod: Pod = {
      kind: 'pod',
      revision: 0,
      uid: podUid(index),
      name: `${replicaSet}-${index}`,
      namespace: 'shop',
      nodeName: `node-${Math.floor(index / 100)}`,
      hostName: '',
      createdSeconds: 0,
      startTime: '',
      addresses: [],
      hostNetwork: false,
      owner: { kind: 'ReplicaSet', name: replicaSet, uid: replicaSet },
      labels: ['app', deployment],
      annotations: [],
      containers: [],
    };
    const container: Container = {
      kind: 'container',
      revision: 0,
      name: 'main',
      id: containerId(index),
      image: `registry.example/shop/${deployment}:1.4`,
      imageId: '',
      restartCount: 0,
      pod,
      labels: [],
    };
    pod.containers = [container];
    context.pods.claim(pod.uid, pod, 0);
    context.containers.claim(container.id, container, 0);
    context.addresses.claim(podAddress(index), pod, 0);
  }
}

function batches(pods: number, ownPods: number): readonly Batch[] {
  let own = 0;
  const cgroups = {
    find: () => ({
      logFields: new EncodedAttributes([
        [
          'process.linux.cgroup',
          `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${podUid(own).replaceAll('-', '_')}.slice`,
        ],
        ['container.id', containerId(own)],
        ['k8s.pod.uid', podUid(own)],
      ]).fieldsOf('logRecord'),
    }),
  } as unknown as CgroupNames;
  const writer = new FlowWriter({ version: '1.2.3', cgroups, hostName: 'node-0' });
  const now = BigInt(Date.now()) * 1_000_000n;
  writer.setClock(now, now);
  const record = emptyFlowRecord('tcp');
  let random = 1;
  const nextPod = (): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((random / 2 ** 32) * pods);
  };
  const text = (key: number): string =>
    `${key >>> 24}.${(key >>> 16) & 255}.${(key >>> 8) & 255}.${key & 255}`;
  return Array.from({ length: BATCHES }, () => {
    for (let index = 0; index < RECORDS; index++) {
      own = nextPod() % ownPods;
      record.isSource = index % 2 === 0;
      record.isClosed = true;
      record.endReason = 'closed';
      record.localAddress = text(podAddress(own));
      record.remoteAddress = text(podAddress(nextPod()));
      const port = 32_768 + (random % 28_000);
      record.localPort = record.isSource ? port : 8443;
      record.remotePort = record.isSource ? 8443 : port;
      record.durationSeconds = 0.25;
      record.sentBytes = 1200;
      record.receivedBytes = 35_000;
      record.sentPackets = 12;
      record.receivedPackets = 30;
      record.retransmits = 0;
      record.rttSeconds = 0.0012;
      record.minRttSeconds = 0.001;
      record.connectSeconds = 0.0015;
      record.pid = 4711;
      record.executable = 'checkout';
      writer.write(record);
    }
    const batch = writer.finish();
    if (batch === undefined) throw new Error('no records');
    return Batch.trusted('logs', batch.toBytes());
  });
}

const NO_TABLES = { revision: 0, ofIdentity: () => undefined, ofAddress: () => undefined };

for (const [where, pods, ownPods] of [
  ['agent', 1000, 100],
  ['agent', 100_000, 100],
  ['gateway', 100_000, 100_000],
] as const) {
  const context = new Context();
  fill(context, pods);
  const { telemetry } = testSettings();
  const join = new FlowJoin(context, {
    tables: NO_TABLES,
    metrics: new FlowMetrics(telemetry),
    maxConnections: 200_000,
  });
  const given = batches(pods, ownPods);
  let turn = 0;
  const noted = given.map((batch) => join.note(batch));
  const note = nanosecondsPerCall(() => join.note(given[turn++ % BATCHES]!)) / RECORDS;
  let size = 0;
  const joined =
    nanosecondsPerCall(() => {
      const index = turn++ % BATCHES;
      const batch = given[index]!.fork();
      join.join(batch, noted[index]!);
      size = batch.byteLength;
    }) / RECORDS;
  const grown = size / RECORDS - given[0]!.byteLength / RECORDS;
  const ratio = (TARGET_NANOSECONDS / (note + joined)).toFixed(1);
  console.log(
    `${where}, ${pods} pods: note ${note.toFixed(0)} ns, join ${joined.toFixed(0)} ns a record of ${(given[0]!.byteLength / RECORDS).toFixed(0)} bytes, ` +
      `to which ${grown.toFixed(0)} are added; ${ratio} times as fast as the target of ${TARGET_NANOSECONDS} ns`,
  );
}

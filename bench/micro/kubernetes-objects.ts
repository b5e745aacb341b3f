/**
 * What it costs to know 100,000 pods, each with three containers, eight labels, statuses and 10 KB of what is not kept:
 * `node --expose-gc bench/micro/kubernetes-objects.ts`. Prints the bytes kept for each pod in all, the memory of the process,
 * nanoseconds to take in a listed pod and one that has changed, and what a thousand changes a second take of a core.
 */
import { Context, nopTelemetry } from '../../packages/core/src/index.ts';
import { ClusterFacts } from '../../packages/kubernetes/src/index.ts';
import { encode } from '../../packages/kubernetes/test/objects/encode.ts';
import { nanosecondsPerCall } from './measure.ts';

const PODS = 100_000;
const PODS_OF_WORKLOAD = 5;
const NODES = 2_000;
const CONTAINERS = Number(process.argv[2] ?? 3);
const FILLER = 10_000;
const NOW_SECONDS = 1_795_334_400;
const CHANGES_A_SECOND = 1000;

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}

/** A pod as an API server has it, in a state that differs by `revision`. */
function pod(index: number, revision: number): Buffer {
  const workload = Math.floor(index / PODS_OF_WORKLOAD);
  const name = `service-${workload}`;
  const hash = hex((workload * 2_654_435_761) % 2 ** 32, 9);
  const time = { seconds: NOW_SECONDS + workload };
  const names = ['app', 'istio-proxy', 'log-shipper', 'other'].slice(0, CONTAINERS);
  return encode('Pod', {
    metadata: {
      name: `${name}-${hash}-${hex(index, 5)}`,
      namespace: `team-${workload % 200}`,
      uid: `${hex(index, 8)}-aaaa-4bbb-8ccc-${hex(index, 12)}`,
      // Without a version each state of a pod counts as new.
      resourceVersion: revision === 0 ? String(3_000_000_000 + index) : '',
      creationTimestamp: time,
      // In the order of their keys, as the API server writes maps.
      labels: {
        app: name,
        'app.kubernetes.io/instance': `${name}-prod`,
        'app.kubernetes.io/managed-by': 'Helm',
        'app.kubernetes.io/name': name,
        'app.kubernetes.io/version': `1.${workload % 50}.0`,
        'pod-template-hash': hash,
        team: `team-${workload % 200}`,
        tier: 'backend',
      },
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(FILLER / 2) },
      ownerReferences: [
        { kind: 'ReplicaSet', name: `${name}-${hash}`, uid: `${hex(workload, 8)}-dddd`, controller: true },
      ],
      managedFields: [{ manager: 'kubelet', fieldsV1: Buffer.alloc(FILLER / 2, '{') }],
    },
    spec: {
      nodeName: `ip-10-1-${Math.floor((index % NODES) / 250)}-${index % 250}.eu-west-1.compute.internal`,
      containers: names.map((container) => ({
        name: container,
        image: `registry.example/${name}/${container}:1.${workload % 50}.0`,
        env: Array.from({ length: 20 }, (_, at) => ({ name: `SETTING_${at}`, value: 'some value' })),
        resources: { requests: { cpu: { string: '500m' }, memory: { string: '1Gi' } } },
      })),
    },
    status: {
      phase: 'Running',
      hostIP: '10.1.0.1',
      podIP: `10.${2 + Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}`,
      podIPs: [
        { ip: `10.${2 + Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}` },
      ],
      startTime: time,
      conditions: [
        { type: 'Ready', status: revision % 2 === 0 ? 'True' : 'False', lastTransitionTime: time },
      ],
      containerStatuses: names.map((container, at) => ({
        name: container,
        ready: revision % 2 === 0,
        restartCount: 0,
        image: `registry.example/${name}/${container}:1.${workload % 50}.0`,
        imageID: `registry.example/${name}/${container}@sha256:${hex(workload * 4 + at, 64)}`,
        containerID: `containerd://${hex(index * 4 + at, 64)}`,
        state: { running: { startedAt: time } },
      })),
    },
  });
}

const memory = () => {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  return process.memoryUsage();
};

const sample = Array.from({ length: 1000 }, (_, index) => [pod(index, 1), pod(index, 2)] as const);
const context = new Context();
const facts = new ClusterFacts(context, { telemetry: nopTelemetry });
const pods = facts.handler('pods');
const before = memory();
const atMs = NOW_SECONDS * 1000 + 100_000_000;
let listMicroseconds = 0;
pods.listing();
for (let first = 0; first < PODS; first += sample.length) {
  const page = sample.map((_, index) => pod(first + index, 0));
  const start = process.threadCpuUsage();
  for (const bytes of page) pods.seen(bytes, atMs);
  const { user, system } = process.threadCpuUsage(start);
  listMicroseconds += user + system;
}
pods.listed(atMs);
const after = memory();
const kept = after.heapUsed + after.external - before.heapUsed - before.external;

let revision = 0;
const changed = nanosecondsPerCall(() => {
  revision += 1;
  for (const states of sample) pods.seen(states[revision % 2]!, atMs + 1000);
});
let address = 0;
const lookUp = nanosecondsPerCall(() => {
  for (let count = 0; count < 1000; count += 1) {
    address = (address + 7919) % PODS;
    context.addresses.at(0x0a02_0000 + address, atMs);
  }
});
console.log(
  [
    `${PODS} pods of ${CONTAINERS} containers, ${sample[0]![0].length} bytes each on the wire`,
    `${(kept / PODS).toFixed(0)} bytes kept a pod, all tables included; RSS ${(after.rss / 2 ** 20).toFixed(0)} MiB, heap ${(after.heapUsed / 2 ** 20).toFixed(0)} MiB`,
    `${((listMicroseconds / PODS) * 1000).toFixed(0)} ns to take in a listed pod, ${(changed / sample.length).toFixed(0)} ns a changed one: ${((changed / sample.length / 1e9) * CHANGES_A_SECOND * 100).toFixed(2)} % of a core for ${CHANGES_A_SECOND} a second`,
    `${(lookUp / 1000).toFixed(0)} ns to look up an address`,
  ].join('\n'),
);

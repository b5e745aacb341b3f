/**
 * Microseconds to say of a resource which pod sent it, beside the same batch without that: `node bench/micro/resource-join.ts`.
 */
import {
  addressKey,
  Batch,
  Context,
  type Pod,
  SpansWriter,
  TelemetryRegistry,
  z,
} from '../../packages/core/src/index.ts';
import { resourceOptionsShape } from '../../packages/processor-enrich/src/resources/config.ts';
import { ResourceJoin } from '../../packages/processor-enrich/src/resources/resource-join.ts';
import { nanosecondsPerCall } from './measure.ts';

const PODS = 100_000;
const RESOURCES = 100;

const schema = z.strictObject(resourceOptionsShape);

const context = new Context();
for (let index = 0; index < PODS; index += 1) {
  const address = `10.${index >>> 16}.${(index >>> 8) & 255}.${index & 255}`;
  const pod: Pod = {
    kind: 'pod',
    revision: 1,
    uid: uidOf(index),
    name: `checkout-6f9c7d54bb-${index}`,
    namespace: 'shop',
    nodeName: `node-${index % 1000}`,
    hostName: '',
    createdSeconds: 1_700_000_000,
    startTime: '2023-11-14T22:13:21Z',
    addresses: [address],
    hostNetwork: false,
    owner: { kind: 'ReplicaSet', name: 'checkout-6f9c7d54bb', uid: 'replicaset' },
    labels: [],
    annotations: [],
    containers: [],
  };
  context.pods.claim(pod.uid, pod, 0);
  context.addresses.claim(addressKey(address)!, pod, 0);
}
context.workloads.claim(
  'replicaset',
  {
    kind: 'workload',
    revision: 1,
    type: 'ReplicaSet',
    uid: 'replicaset',
    name: 'checkout-6f9c7d54bb',
    namespace: 'shop',
    owner: { kind: 'Deployment', name: 'checkout', uid: 'deployment' },
    labels: [],
    annotations: [],
  },
  0,
);

function uidOf(index: number): string {
  return `4b2e1f0a-9c3d-4e5f-8a7b-${index.toString(16).padStart(12, '0')}`;
}

/** One span for each of many resources, so that what counts is the resource. */
function requestBy(attribute: string, identify: (index: number) => string): Uint8Array {
  const writer = new SpansWriter();
  for (let index = 0; index < RESOURCES; index += 1) {
    writer.resource({
      'service.name': 'checkout',
      [attribute]: identify((index * 977) % PODS),
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.version': '2.2.0',
    });
    writer.span({ traceId: new Uint8Array(16).fill(1), spanId: new Uint8Array(8).fill(2), name: 'a' });
  }
  return writer.finish()!.toBytes();
}

const cases = {
  'k8s.pod.uid': uidOf,
  'k8s.pod.ip': (index: number) => `10.${index >>> 16}.${(index >>> 8) & 255}.${index & 255}`,
};
const telemetry = new TelemetryRegistry({ level: 'normal' }).component('processor', 'bench');
for (const [attribute, identify] of Object.entries(cases)) {
  const options = schema.parse({
    pod_association: [{ sources: [{ from: 'resource_attribute', name: attribute }] }],
  });
  const join = ResourceJoin.create({ context, telemetry }, options);
  const bytes = requestBy(attribute, identify);
  let length = 0;
  const read = nanosecondsPerCall(() => {
    const batch = Batch.trusted('traces', bytes);
    batch.resources();
    length = batch.toBytes().length;
  });
  const joined = nanosecondsPerCall(() => {
    const batch = Batch.trusted('traces', bytes);
    join.join(batch);
    length = batch.toBytes().length;
  });
  const microseconds = (nanoseconds: number): string => (nanoseconds / 1000 / RESOURCES).toFixed(2);
  console.log(
    `${attribute}: ${microseconds(joined - read)} us a resource beside ${microseconds(read)} us to open it; ${bytes.length} bytes in, ${length} out`,
  );
}

/**
 * Nanoseconds to count one enriched flow record, and to give the metrics of an interval: `node bench/micro/flow-metrics.ts`.
 * A core has 10,000 ns for each of a hundred thousand records a second.
 */
import { type AttributesInput, Batch, LogsWriter } from '@tributary/core';
import { nopConsumer, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { flowmetricsConnector } from '../../packages/connector-flowmetrics/src/index.ts';
import { nanosecondsPerCall } from './measure.ts';

const RECORDS = 1000;
const TARGET_NS = 10_000;
const INTERVALS = 10;

function end(prefix: 'source' | 'destination', workload: number): AttributesInput {
  const attributes = {
    'k8s.namespace.name': `namespace-${workload % 10}`,
    'k8s.deployment.name': `deployment-${workload}`,
    'k8s.pod.name': `deployment-${workload}-7d9f8c6b5d-x2x${workload}`,
    'k8s.pod.uid': '0c1e5c7e-7d4e-4a57-9b53-4a4a4a4a4a4a',
    'k8s.node.name': `ip-10-0-${workload % 50}-12.eu-central-1.compute.internal`,
    'k8s.container.name': 'main',
    'k8s.service.name': `service-${workload}`,
    'cloud.provider': 'aws',
    'cloud.region': 'eu-central-1',
    'cloud.availability_zone': `eu-central-1${'abc'[workload % 3]}`,
    'owner.team': `team-${workload % 7}`,
    match: prefix === 'source' ? 'cgroup' : 'peer_socket',
  };
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`${prefix}.${name}`, value]));
}

/** A batch of records of `combinations` pairs of workloads, seen at the source and the destination by turns. */
function batchOf(combinations: number, first: number): Batch {
  const writer = new LogsWriter();
  writer.resource({ 'host.name': 'node-1' });
  for (let record = 0; record < RECORDS; record++) {
    const pair = (first + record * 7) % combinations;
    const isSource = record % 2 === 0;
    writer.record({
      timeUnixNano: 1_795_334_400_000_000_000n,
      eventName: 'network.flow',
      attributes: {
        'network.transport': 'tcp',
        'network.type': 'ipv4',
        'source.address': `10.2.${pair % 200}.31`,
        'source.port': 41_022,
        'destination.address': `10.96.${pair % 200}.17`,
        'destination.port': 443,
        'flow.observer': isSource ? 'source' : 'destination',
        'flow.state': record % 3 === 0 ? 'closed' : 'open',
        ...(record % 3 === 0 ? { 'flow.end_reason': 'closed' } : {}),
        'flow.source.bytes': 1000 + record,
        'flow.destination.bytes': 100_000 + record,
        'flow.source.packets': 17,
        'flow.destination.packets': 80,
        [isSource ? 'flow.source.retransmits' : 'flow.destination.retransmits']: record % 2,
        'flow.rtt': 0.0002 + record / 1e6,
        'flow.min_rtt': 0.000_15,
        'flow.connect_duration': 0.0004,
        'flow.duration': 12.25,
        'process.pid': 4711,
        'process.executable.name': 'node',
        'process.linux.cgroup':
          '/kubepods.slice/kubepods-burstable.slice/cri-containerd-3f29a1d0c5b87e6f4a3b2c1d.scope',
        'container.id': '3f29a1d0c5b87e6f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f',
        ...end('source', pair % 400),
        ...end('destination', (pair * 3 + Math.floor(pair / 400)) % 400),
        'network.flow.scope': 'same_region',
      },
    });
  }
  return Batch.trusted('logs', writer.finish()!.toBytes());
}

for (const combinations of [100, 10_000]) {
  const batches = Array.from({ length: 10 }, (_, index) => batchOf(combinations, index * RECORDS));
  const config = flowmetricsConnector.configSchema.parse({});
  const settings = testSettings({ kind: 'connector' });
  const connector = flowmetricsConnector.create(settings, config, signalConsumer(nopConsumer()));
  let at = 0;
  const nanoseconds =
    nanosecondsPerCall(() => void connector.consume(batches[at++ % batches.length]!)) / RECORDS;
  console.log(
    `${combinations} combinations: ${nanoseconds.toFixed(0)} ns a record of ${Math.round(batches[0]!.byteLength / RECORDS)} ` +
      `bytes, ${(TARGET_NS / nanoseconds).toFixed(1)} times as fast as it must be`,
  );
  await connector.shutdown?.();

  const microseconds: number[] = [];
  let points = 0;
  for (let interval = 0; interval < INTERVALS; interval++) {
    const out = sink();
    const own = testSettings({ kind: 'connector' });
    const once = flowmetricsConnector.create(own, config, signalConsumer(out));
    for (const batch of batches) once.consume(batch);
    const start = performance.now();
    await once.shutdown?.();
    points = out.itemCount;
    microseconds.push(((performance.now() - start) * 1000) / points);
  }
  console.log(
    `  an interval of ${points} data points: ${microseconds[0]!.toFixed(1)} us each the first time, ` +
      `${Math.min(...microseconds).toFixed(1)} at best`,
  );
}

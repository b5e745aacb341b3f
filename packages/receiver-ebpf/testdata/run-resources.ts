/**
 * Runs the receiver with nothing but the block `resources`, for a test that cannot do so in its own process: one reading, of
 * which it prints the containers, and what the receiver reported and lost, as JSON.
 */
import { nopHost, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { ebpfReceiver } from '../src/index.ts';

const settings = testSettings({ id: 'ebpf' });
const taken = sink();
const config = ebpfReceiver.configSchema.parse({ resources: { interval: '1h' } });
const receiver = ebpfReceiver.create(settings, config, signalConsumer(taken, ['metrics']));
await receiver.start?.(nopHost());
await receiver.shutdown?.();

const containers = taken.batches.flatMap((batch) =>
  batch.resources().map((group) => group.resource.attributes.getString('container.id')),
);
const reported = settings.reported.map(({ status, error }) => ({ status, message: error?.message }));
const losses = Object.entries(settings.registry.snapshot()).filter(
  ([series, value]) => series.startsWith('otelcol_receiver_ebpf_losses') && value !== 0,
);
console.log(JSON.stringify({ containers, reported, losses, logs: settings.logs.map((line) => line.message) }));

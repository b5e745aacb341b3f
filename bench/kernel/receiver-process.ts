/**
 * The ebpf receiver with its default settings, in a process of its own, sending to nobody. Told `on` or `off` it starts
 * or stops and says so; told `stats` it says what its programs cost so far.
 */
import type { Component, Consumer } from '@tributary/core';
import { ebpfReceiver } from '@tributary/receiver-ebpf';
import { nopConsumer, nopHost, signalConsumer, testSettings } from '@tributary/testkit';

let receiver: Component | undefined;
let records = 0;

const count: Consumer = {
  consume: (batch) => {
    records += batch.itemCount;
    nopConsumer().consume(batch);
  },
};

async function on(): Promise<string> {
  const settings = testSettings({ id: 'ebpf' });
  const config = ebpfReceiver.configSchema.parse({});
  receiver = ebpfReceiver.create(settings, config, signalConsumer(count, ['logs']));
  await receiver.start?.(nopHost());
  const [problem] = settings.reported;
  if (problem !== undefined) throw problem.error ?? new Error(problem.status);
  return 'on';
}

async function off(): Promise<string> {
  await receiver?.shutdown?.();
  receiver = undefined;
  return 'off';
}

process.on('message', async (command: string) => {
  if (command === 'on') process.send?.(await on());
  else if (command === 'off') process.send?.(await off());
  else process.send?.({ records, cpuSeconds: cpuSeconds() });
});
process.send?.('ready');

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

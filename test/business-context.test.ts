/** Runs the processors of the worked examples of business tables, with the data files beside them. */
import path from 'node:path';
import {
  type AttributesInput,
  addressKey,
  Context,
  LogsWriter,
  loadConfig,
  nameKey,
  type Pod,
  Registry,
} from '@tributary/core';
import { nopHost, sink, testSettings } from '@tributary/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { BUILTIN_FACTORIES } from '../packages/tributary/src/builtin.ts';

const FOLDER = path.resolve(import.meta.dirname, '../configs');
const NOW = Date.now();

/** What the `enrich` processor of a configuration adds to a flow, by the names that begin with one of these. */
async function added(
  file: string,
  context: Context,
  flow: AttributesInput,
  prefixes: readonly string[],
): Promise<Record<string, unknown>> {
  const { config } = await loadConfig({
    uris: [path.join(FOLDER, file)],
    registry: new Registry(BUILTIN_FACTORIES),
    env: {},
  });
  const component = config.components.processor.get('enrich')!;
  if (component.factory.kind !== 'processor') throw new Error('enrich is no processor');
  const out = sink();
  const settings = testSettings({ kind: 'processor', id: 'enrich', configDir: config.configDir, context });
  const processor = component.factory.create(settings, component.config, out);
  onTestFinished(async () => processor.shutdown?.());
  await processor.start?.(nopHost());
  const writer = new LogsWriter();
  writer.record({ eventName: 'network.flow', timeUnixNano: BigInt(NOW) * 1_000_000n, attributes: flow });
  await processor.consume(writer.finish()!);
  const [batch] = await out.received(1);
  const [record] = batch!.records();
  const attributes = record?.kindOf === 'log' ? record.attributes.entries() : [];
  return Object.fromEntries(
    attributes.filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix))),
  );
}

it('configs/ipam.yaml says which networks a flow is between', async () => {
  const flow = {
    'network.transport': 'tcp',
    'source.address': '10.20.4.17',
    'source.port': 41_022,
    'destination.address': '10.60.9.20',
    'destination.port': 5432,
    'flow.observer': 'source',
  };
  const prefixes = ['source.network.', 'source.owner.', 'destination.network.', 'destination.owner.'];
  expect(await added('ipam.yaml', new Context(), flow, prefixes)).toEqual({
    'source.network.name': 'Printers on all floors',
    'source.network.site': 'Frankfurt',
    'source.network.vlan.name': 'printers',
    'source.owner.team': 'workplace',
    'destination.network.name': 'The warehouse and its replicas',
    'destination.network.site': 'Dublin',
    'destination.network.vlan.name': 'warehouse',
    'destination.owner.team': 'data',
  });
});

it('configs/crm.yaml says which customer a flow is of, and which partner it goes to', async () => {
  const context = new Context();
  const address = '10.2.7.31';
  const pod: Pod = {
    kind: 'pod',
    revision: 0,
    uid: '0c1e5c7e-7d4e-4a57-9b53-4a4a4a4a4a4a',
    name: 'checkout-0',
    namespace: 'acme',
    nodeName: 'node-1',
    hostName: '',
    createdSeconds: 0,
    startTime: '',
    addresses: [address],
    hostNetwork: false,
    owner: undefined,
    labels: [],
    annotations: [],
    containers: [],
  };
  const labels = ['tenant', 'acme'];
  context.namespaces.claim(
    'acme',
    { kind: 'namespace', revision: 0, uid: 'n', name: 'acme', labels, annotations: [] },
    0,
  );
  context.pods.claim(pod.uid, pod, 0);
  context.addresses.claim(addressKey(address)!, pod, 0);
  context.names.claim(
    nameKey(addressKey(address)!, addressKey('198.51.100.9')!),
    'eu.api.payments.example.com',
    0,
  );
  const flow = {
    'network.transport': 'tcp',
    'source.address': address,
    'source.port': 41_022,
    'destination.address': '198.51.100.9',
    'destination.port': 443,
    'flow.observer': 'source',
    'k8s.pod.uid': pod.uid,
  };
  const prefixes = ['source.customer.', 'source.owner.', 'destination.customer.', 'destination.owner.'];
  expect(await added('crm.yaml', context, flow, prefixes)).toEqual({
    'source.customer.id': 'A-1001',
    'source.customer.name': 'Acme Corporation',
    'source.customer.tier': 'gold',
    'source.owner.sales': 'key accounts',
    'destination.customer.id': 'A-2001',
    'destination.customer.name': 'Example Payments',
    'destination.customer.tier': 'partner',
    'destination.owner.sales': 'partners',
  });
});

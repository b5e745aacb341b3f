import { addressKey, type Context, type Settings } from '@tributary/core';
import { expect, it } from 'vitest';
import { World } from '../pipeline/fixtures.ts';

it('a service counts what its context holds and how it is asked, until its shutdown', async () => {
  const world = new World();
  const service = world.service({ pipelines: { logs: { receivers: ['push'], exporters: ['keep'] } } });
  const { context }: { context: Context } = world.settings.get('receiver:push') as Settings;
  const address = addressKey('192.0.2.1')!;
  const described = { kind: 'described', revision: 0, attributes: {} } as const;
  context.addresses.claim(address, described, 1000);
  context.addresses.at(address, 0);
  context.addresses.at(address, 2000);
  expect(world.registry.snapshot()).toEqual({
    'otelcol_context_facts{table="addresses"}': 1,
    'otelcol_context_misses{table="addresses"}': 1,
  });
  await service.shutdown();
  expect(world.registry.snapshot()).toEqual({});
});

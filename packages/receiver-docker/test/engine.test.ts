/** Against a real engine: Podman's, by the API that it shares with Docker. */
import { addressKey, Context, type LogRecord } from '@tributary/core';
import { sink, testSettings } from '@tributary/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dockerConfigSchema } from '../src/config.ts';
import { DockerReceiver } from '../src/docker-receiver.ts';
import { type Engine, engineProblems, IMAGE, startEngine } from './podman.ts';

const problems = engineProblems();
const WAIT = { timeout: 60_000, interval: 50 };

describe('the containers of an engine', () => {
  let engine: Engine;
  const receivers: DockerReceiver[] = [];

  beforeAll(async () => {
    if (problems.length === 0) engine = await startEngine();
  }, 120_000);

  beforeEach(({ skip }) => skip(problems.length > 0, `needs a container engine: ${problems.join(' ')}`));

  afterEach(async () => {
    for (const receiver of receivers.splice(0)) await receiver.shutdown();
  });

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
  }, 120_000);

  async function follow(block: object = {}) {
    const context = new Context();
    const settings = testSettings({ id: 'docker', context });
    const logs = sink();
    const receiver = new DockerReceiver(
      settings,
      dockerConfigSchema.parse({ endpoint: `unix://${engine.socket}`, ...block }),
      { consume: (batch) => logs.consume(batch), signals: new Set(['logs']) },
    );
    receivers.push(receiver);
    receiver.start();
    const events = () => logs.batches.flatMap((batch) => [...batch.records()] as LogRecord[]);
    const state = () => context.sources.list()[0]?.state;
    await expect.poll(state, WAIT).toBe('current');
    const holderOf = (id: string) => {
      const container = context.containers.at(id, Date.now());
      return container === undefined
        ? undefined
        : { name: container.name, image: container.image, labels: container.labels };
    };
    return { context, settings, events, state, holderOf };
  }

  async function addressOf(id: string): Promise<string> {
    const shown = await engine.ask('GET', `/v1.41/containers/${id}/json`);
    const { Networks } = shown['NetworkSettings'] as { Networks: Record<string, { IPAddress: string }> };
    return Object.values(Networks)[0]!.IPAddress;
  }

  it('are known from the list: by id with name, image and labels, and by address', async () => {
    const id = await engine.run('listed', { labels: { 'com.docker.compose.service': 'web' } });
    const address = addressKey(await addressOf(id))!;
    const { context, holderOf } = await follow();
    expect(holderOf(id)).toEqual({
      name: 'listed',
      image: IMAGE,
      labels: ['com.docker.compose.service', 'web'],
    });
    expect(context.addresses.at(address, Date.now())).toBe(context.containers.at(id, Date.now()));
    expect(context.addresses.at(address, Date.now() - 3_600_000)).toBeUndefined();
  });

  it('are known from events, and what had an address is still known at its own time', async () => {
    const { context, holderOf, events } = await follow();
    const first = await engine.run('first', { labels: { team: 'billing' } });
    await expect
      .poll(() => holderOf(first), WAIT)
      .toEqual({ name: 'first', image: IMAGE, labels: ['team', 'billing'] });
    const address = addressKey(await addressOf(first))!;
    await expect.poll(() => context.addresses.at(address, Date.now()), WAIT).toMatchObject({ id: first });
    const duringFirst = Date.now();

    await engine.ask('DELETE', `/v1.41/containers/${first}?force=true`);
    await expect.poll(() => context.addresses.at(address, Date.now()), WAIT).toBeUndefined();
    await expect.poll(() => holderOf(first), WAIT).toBeUndefined();
    expect(context.addresses.at(address, duringFirst)).toMatchObject({ id: first, name: 'first' });

    const told = () => events().filter((event) => event.attributes.getString('container.id') === first);
    await expect.poll(() => told().map(({ eventName }) => eventName), WAIT).toContain('container.destroy');
    const died = told().find(({ eventName }) => eventName === 'container.die');
    expect(died?.attributes.toObject()).toEqual({
      'container.id': first,
      'container.name': 'first',
      'container.image.name': 'localhost/tributary/sleep',
      'container.image.tags': ['1'],
      'container.label.team': 'billing',
      'container.exit_code': 137,
    });
    expect(died?.severityText).toBe('WARN');
  });

  it('of the network of the host have no address of their own', async () => {
    const id = await engine.run('on-host', { network: 'host' });
    const { context, holderOf } = await follow();
    expect(holderOf(id)).toMatchObject({ name: 'on-host' });
    expect(
      [...context.addresses.keys()].filter(
        (key) =>
          context.addresses.at(key, Date.now())?.kind === 'container' &&
          (context.addresses.at(key, Date.now()) as { id: string }).id === id,
      ),
    ).toEqual([]);
  });

  it('that are excluded are left out', async () => {
    const id = await engine.run('left-out', { labels: { internal: 'yes' } });
    const { holderOf } = await follow({ excluded_labels: ['internal=yes'] });
    expect(holderOf(id)).toBeUndefined();
    const other = await follow({ excluded_images: ['localhost/tributary/*'] });
    expect(other.context.containers.counts.claims).toBe(0);
  });

  it('that came and went while the engine was away are made up for', async () => {
    const gone = await engine.run('gone');
    const before = Date.now();
    const { context, holderOf, state, settings } = await follow();
    expect(holderOf(gone)).toMatchObject({ name: 'gone' });
    await engine.pause();
    await expect.poll(state, WAIT).toBe('stale');
    expect(context.sources.staleSince).toBeLessThanOrEqual(Date.now());
    await engine.resume();
    await engine.ask('DELETE', `/v1.41/containers/${gone}?force=true`);
    const came = await engine.run('came');
    await expect.poll(state, WAIT).toBe('current');
    await expect.poll(() => holderOf(came), WAIT).toMatchObject({ name: 'came' });
    await expect.poll(() => holderOf(gone), WAIT).toBeUndefined();
    expect(context.containers.at(gone, before)).toMatchObject({ name: 'gone' });
    expect(settings.logs.map(({ level, message }) => [level, message])).toContainEqual([
      'warn',
      'the engine does not say what runs; what is known of it gets old',
    ]);
  });
}, 120_000);

/** What an engine, or what pretends to be one, may send: nothing of it ends the receiver or gives a container a wrong name. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { addressKey, Context, type LogRecord } from '@tributary/core';
import { sink, testSettings } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { dockerConfigSchema } from '../src/config.ts';
import { DockerReceiver } from '../src/docker-receiver.ts';

const WAIT = { timeout: 30_000, interval: 20 };
const ID = 'ab'.repeat(32);
const VERSION = { ApiVersion: '1.45', MinAPIVersion: '1.24' };
const WEB = {
  Id: ID,
  Name: '/web',
  Image: 'sha256:01',
  Created: '2026-08-01T10:00:00.5Z',
  RestartCount: 1,
  State: { Running: true, StartedAt: '2026-08-01T10:00:02Z', FinishedAt: '0001-01-01T00:00:00Z' },
  Config: { Image: 'nginx:1.27', Labels: { team: 'web' } },
  NetworkSettings: { Networks: { bridge: { IPAddress: '172.17.0.2', GlobalIPv6Address: 'fd00::2' } } },
};

/** What an engine answers: a string as it is, anything else as JSON; a function writes by itself. */
type Answers = Record<'version' | 'list' | 'inspect' | 'events', unknown>;

const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function follow(answers: Partial<Answers>, block: object = {}) {
  const given: Answers = {
    version: VERSION,
    list: [{ Id: ID }],
    inspect: WEB,
    events: () => undefined,
    ...answers,
  };
  const asked: string[] = [];
  const dir = mkdtempSync(path.join(os.tmpdir(), 'tributary-engine-'));
  const socket = path.join(dir, 'engine.sock');
  const server = createServer((request, response) => answer(given, asked, request, response));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  cleanUps.push(() => closeServer(server, dir));
  const context = new Context();
  const settings = testSettings({ id: 'docker', context });
  const logs = sink();
  const config = dockerConfigSchema.parse({ endpoint: socket, ...block });
  const receiver = new DockerReceiver(settings, config, {
    consume: (batch) => logs.consume(batch),
    signals: new Set(['logs']),
  });
  cleanUps.push(() => receiver.shutdown());
  receiver.start();
  const state = () => context.sources.list()[0]?.state;
  const problem = () => settings.logs.find(({ level }) => level === 'warn')?.fields['error'];
  const counted = () => settings.registry.snapshot();
  return { given, asked, context, logs, settings, state, problem, counted, socket };
}

function answer(
  given: Answers,
  asked: string[],
  { url = '' }: IncomingMessage,
  response: ServerResponse,
): void {
  asked.push(url);
  const key = url.includes('/events')
    ? 'events'
    : url.includes('/version')
      ? 'version'
      : url.includes('/containers/json')
        ? 'list'
        : 'inspect';
  const value = given[key];
  if (typeof value === 'function') {
    response.writeHead(200).flushHeaders();
    value(response);
  } else response.end(typeof value === 'string' ? value : JSON.stringify(value));
}

async function closeServer(server: Server, dir: string): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
}

function event(action: string, attributes: object = {}, more: object = {}): string {
  return `${JSON.stringify({
    Type: 'container',
    Action: action,
    Actor: { ID, Attributes: { name: 'web', image: 'nginx:1.27', team: 'web', ...attributes } },
    timeNano: Date.now() * 1e6,
    ...more,
  })}\n`;
}

describe('a receiver of containers', () => {
  it('takes in what an honest engine says, and speaks the newest version that both know', async () => {
    const { context, state, asked } = await follow({});
    await expect.poll(state, WAIT).toBe('current');
    const now = Date.now();
    const web = context.containers.at(ID, now);
    expect(web).toMatchObject({
      ...{ kind: 'container', name: 'web', image: 'nginx:1.27', imageId: 'sha256:01', restartCount: 1 },
      labels: ['team', 'web'],
    });
    const started = Date.parse('2026-08-01T10:00:02Z');
    for (const address of ['172.17.0.2', 'fd00::2']) {
      expect(context.addresses.claimsOf(addressKey(address)!)).toEqual([
        { value: web, from: started - 1000, to: Number.POSITIVE_INFINITY },
      ]);
    }
    expect(asked.slice(0, 2)).toEqual([
      '/version',
      expect.stringMatching(/^\/v1\.45\/(containers\/json|events\?)/),
    ]);
  });

  it.each([
    [{ ApiVersion: '1.99', MinAPIVersion: '1.44' }, '/v1.51/'],
    [{ ApiVersion: '1.99', MinAPIVersion: '1.60' }, '/v1.60/'],
    [{ ApiVersion: '1.41', MinAPIVersion: '1.24' }, '/v1.41/'],
    [{ ApiVersion: '1.41' }, '/v1.41/'],
  ])('speaks to %j by %s', async (version, prefix) => {
    const { state, asked } = await follow({ version });
    await expect.poll(state, WAIT).toBe('current');
    expect(asked[1]?.startsWith(prefix)).toBe(true);
  });

  it('speaks the version that is configured, and asks for none', async () => {
    const { state, asked } = await follow({ version: 'no' }, { api_version: '1.44' });
    await expect.poll(state, WAIT).toBe('current');
    expect(asked[0]?.startsWith('/v1.44/')).toBe(true);
  });

  it.each<[wrong: Partial<Answers>, text: string]>([
    [
      { version: '<html>login</html>' },
      'its answer to /version is no JSON (it begins "<html>login</html>").',
    ],
    [{ version: {} }, 'its answer to /version names no API version. Is SOCKET a Docker or Podman engine?'],
    [
      { version: 'null' },
      'its answer to /version names no API version. Is SOCKET a Docker or Podman engine?',
    ],
    [{ list: '[{"Id":' }, 'its answer to /containers/json is no JSON (it begins "[{\\"Id\\":").'],
    [{ list: { message: 'no' } }, 'its list of containers is no list.'],
    [{ inspect: '{' }, `its answer to /containers/${ID}/json is no JSON (it begins "{").`],
    [{ list: (response: ServerResponse) => response.destroy() }, '/containers/json: aborted.'],
  ])('says what is wrong with %j, and goes on when it is right', async (wrong, text) => {
    const { problem, given, state, context, socket } = await follow(wrong);
    await expect
      .poll(problem, WAIT)
      .toBe(`receivers::docker::endpoint "${socket}": ${text.replace('SOCKET', socket)}`);
    expect(context.containers.counts.claims).toBe(0);
    Object.assign(given, { version: VERSION, list: [{ Id: ID }], inspect: WEB });
    await expect.poll(state, WAIT).toBe('current');
    expect(context.containers.at(ID, Date.now())).toMatchObject({ name: 'web' });
  });

  it('waits no longer for an answer than it was told', async () => {
    const { problem } = await follow({ list: () => undefined }, { timeout: '100ms' });
    await expect.poll(problem, WAIT).toContain('it did not answer /containers/json within 100 ms.');
  });

  it('says that there is no engine, and what to do', async () => {
    const settings = testSettings({ id: 'docker' });
    const receiver = new DockerReceiver(
      settings,
      dockerConfigSchema.parse({ endpoint: '/nonexistent/docker.sock' }),
      {
        consume: () => undefined,
        signals: new Set(['logs']),
      },
    );
    cleanUps.push(() => receiver.shutdown());
    receiver.start();
    await expect
      .poll(() => settings.reported, WAIT)
      .toMatchObject([
        {
          status: 'recoverable_error',
          error: {
            message:
              'receivers::docker::endpoint "/nonexistent/docker.sock": /version: connect ENOENT /nonexistent/docker.sock. ' +
              'Start the engine (`systemctl start docker`, or `systemctl enable --now podman.socket`), or set endpoint to its socket.',
          },
        },
      ]);
  });

  it('leaves out and counts what it cannot read of the events, and takes the rest', async () => {
    const { logs, counted, state, context } = await follow({
      events: (response: ServerResponse) => {
        response.write('<html>\n\n[]\nnull\n{"Type":"container"}\n');
        response.write(event('start', {}, { Actor: { ID: '../../etc/passwd', Attributes: {} } }));
        response.write(event('start', {}, { timeNano: 'soon' }));
        const start = event('start', { name: 'w\u001b[31meb', big: 'x'.repeat(100_000), nested: {} });
        response.write(start.slice(0, 100));
        response.write(start.slice(100));
      },
      inspect: { ...WEB, Id: 'not an id' },
    });
    await expect.poll(state, WAIT).toBe('current');
    const [batch] = await logs.received(1);
    const [record] = [...(batch?.records() ?? [])] as LogRecord[];
    expect(record?.attributes.toObject()).toEqual({
      'container.id': ID,
      'container.image.name': 'nginx',
      'container.image.tags': ['1.27'],
      'container.label.team': 'web',
    });
    await expect
      .poll(() => context.containers.at(ID, Date.now()), WAIT)
      .toMatchObject({ name: '', labels: ['team', 'web'] });
    expect(logs.itemCount).toBe(1);
    await expect.poll(counted, WAIT).toEqual({
      'otelcol_receiver_docker_containers{receiver="docker"}': 1,
      'otelcol_receiver_docker_losses{reason="label",receiver="docker"}': 2,
      'otelcol_receiver_docker_problems{reason="malformed_container",receiver="docker"}': 2,
      'otelcol_receiver_docker_problems{reason="malformed_event",receiver="docker"}': 1,
    });
  });

  it('takes what happens after a clock was far ahead, and no event of a time that cannot be', async () => {
    let streams = 0;
    const { logs } = await follow({
      events: (response: ServerResponse) => {
        streams += 1;
        if (streams > 1) response.write(event('pause'));
        else {
          response.write(event('pause', {}, { timeNano: 0 }).replace('"timeNano":0', '"timeNano":1e999'));
          response.end(event('unpause', {}, { timeNano: (Date.now() + 86_400_000) * 1e6 }));
        }
      },
    });
    await expect.poll(() => logs.itemCount, WAIT).toBe(2);
    const told = logs.batches.flatMap((batch) => [...batch.records()] as LogRecord[]);
    expect(told.map(({ eventName }) => eventName)).toEqual(['container.unpause', 'container.pause']);
  });

  it('gives a stream up whose events have no end', async () => {
    const { problem } = await follow({
      events: (response: ServerResponse) => {
        for (let piece = 0; piece < 40; piece++) response.write('x'.repeat(64 * 1024));
      },
    });
    await expect.poll(problem, WAIT).toContain('has more than 1048576 bytes.');
  });

  it('gives no name to an address that two containers claim', async () => {
    const other = 'cd'.repeat(32);
    const { context, state, given } = await follow({
      list: [{ Id: ID }, { Id: other }, { Id: 7 }, null],
      inspect: (response: ServerResponse) => {
        given.inspect = WEB;
        response.end(JSON.stringify({ ...WEB, Id: other, Name: '/other' }));
      },
    });
    await expect.poll(state, WAIT).toBe('current');
    expect(context.containers.at(other, Date.now())).toMatchObject({ name: 'other' });
    expect(context.containers.at(ID, Date.now())).toMatchObject({ name: 'web' });
    const address = addressKey('172.17.0.2')!;
    expect(context.addresses.at(address, Date.now())).toBeUndefined();
    expect(context.addresses.isAmbiguousAt(address, Date.now())).toBe(true);
  });
});

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startTables } from './tables.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that gives `answer.now`, and what it was asked. */
async function serve(
  first: Answer,
): Promise<{ url: string; answer: { now: Answer }; requests: IncomingMessage[] }> {
  const answer = { now: first };
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer.now(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answer, requests };
}

function table(url: string, settings: Record<string, unknown> = {}): unknown {
  return {
    name: 'ipam',
    http: {
      endpoint: `${url}/ipam.csv?token=secret`,
      interval: '1s',
      headers: { Authorization: 'Bearer t0ken' },
      ...settings,
    },
    match: { cidr: 'prefix' },
    attributes: { 'network.name': 'name' },
    max_size_bytes: 1000,
  };
}

const csv =
  (name: string): Answer =>
  (request, response) => {
    const etag = `"${name}"`;
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.setHeader('etag', etag).end(`prefix,name\n10.0.0.0/8,${name}\n`);
  };

it('a table is fetched at an interval, with credentials, and only if it has changed', async () => {
  const { url, answer, requests } = await serve(csv('one'));
  const { ofAddress, settings, tables } = await startTables([table(url)]);
  const name = (): unknown => ofAddress('10.1.1.1')?.['network.name'];
  expect([name(), requests[0]?.headers.authorization, requests[0]?.url]).toEqual([
    'one',
    'Bearer t0ken',
    '/ipam.csv?token=secret',
  ]);
  const unchanged =
    'otelcol_processor_enrich_table_loads{outcome="unchanged",processor="enrich",table="ipam"}';
  await vi.waitUntil(() => settings.registry.snapshot()[unchanged] === 1, { timeout: 30_000 });
  expect(tables.revision).toBe(1);
  answer.now = csv('two');
  await vi.waitUntil(() => name() === 'two', { timeout: 30_000 });
  expect(tables.revision).toBe(2);
  expect(JSON.stringify(settings.logs)).not.toMatch(/secret|t0ken/);
});

/** Of those that are waited for in vain alone: others have the time that a busy machine needs. */
const SHORT = { timeout: '3s' };

it.each<[string, Answer, RegExp, Record<string, unknown>?]>([
  ['an error', (_, response) => response.writeHead(503).end('later'), /^the server answered 503$/],
  [
    'HTML',
    (_, response) => response.end('<!doctype html>\n<title>Sign in</title>'),
    /^it has no column "prefix"/,
  ],
  [
    'too much',
    (_, response) => response.end('x'.repeat(2000)),
    /^it is larger than max_size_bytes \(1000\)$/,
  ],
  [
    'no end',
    (_, response) => response.write('prefix,name\n'),
    /^it cannot be fetched \(The operation was aborted due to timeout\)$/,
    SHORT,
  ],
  [
    'no answer',
    () => undefined,
    /^it cannot be fetched \(The operation was aborted due to timeout\)$/,
    SHORT,
  ],
  [
    'a broken connection',
    (request) => request.socket.destroy(),
    /^it cannot be fetched \(other side closed\)$/,
  ],
  ['no UTF-8', (_, response) => response.end(Buffer.from([0x70, 0xff, 0xfe])), /^it is not UTF-8$/],
])('a server that answers %s leaves the last good table in use', async (_, bad, problem, http = {}) => {
  const { url, answer } = await serve(csv('good'));
  const { ofAddress, settings } = await startTables([table(url, http)]);
  const told = (): string => settings.reported.at(-1)?.error?.message ?? '';
  answer.now = bad;
  await vi.waitUntil(() => told() !== '', { timeout: 30_000 });
  const [, found, kept] = /^enrich: table ipam: (.*); (.*)\.$/s.exec(told()) ?? [];
  expect(found).toMatch(problem);
  expect([kept, ofAddress('10.1.1.1')]).toEqual(['the last good one stays', { 'network.name': 'good' }]);
  expect(JSON.stringify([settings.logs, told()])).not.toMatch(/secret|t0ken/);
  answer.now = csv('again');
  await vi.waitUntil(() => ofAddress('10.1.1.1')?.['network.name'] === 'again', { timeout: 30_000 });
  expect(settings.reported.at(-1)?.status).toBe('ok');
});

it('nobody there does not keep the processor from starting', async () => {
  const { settings } = await startTables([table('http://127.0.0.1:1')]);
  expect(settings.reported.at(-1)?.error?.message).toMatch(
    /^enrich: table ipam: it cannot be fetched \(.*\); there is none\.$/s,
  );
});

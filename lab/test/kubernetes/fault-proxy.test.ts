import { request } from 'node:https';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  type ControlPlane,
  type FaultProxy,
  GONE,
  HTML_PAGE,
  startControlPlane,
  startFaultProxy,
  tooManyRequests,
} from '../../src/index.ts';
import { hasKubernetes, skipWithoutKubernetes } from './skip-without-kubernetes.ts';

const START_LIMIT_MS = 180_000;
const LIST = '/api/v1/namespaces';
const WATCH =
  '/api/v1/namespaces?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan';

let controlPlane: ControlPlane;
let proxy: FaultProxy;
beforeAll(async () => {
  if (!hasKubernetes) return;
  controlPlane = await startControlPlane();
  proxy = await startFaultProxy(controlPlane);
}, START_LIMIT_MS);
afterAll(async () => {
  await proxy?.stop();
  await controlPlane?.stop();
});
beforeEach(skipWithoutKubernetes);

/** What came of a request: as long as it is under way, and how it ended. */
class Call {
  status: number | undefined;
  retryAfter: string | undefined;
  body = '';
  ended: 'complete' | 'broken' | undefined;
  readonly #sent;

  constructor(path: string) {
    const { ca, adminToken } = controlPlane;
    const headers = { authorization: `Bearer ${adminToken}` };
    this.#sent = request(`${proxy.url}${path}`, { ca, headers, agent: false }, (response) => {
      this.status = response.statusCode;
      this.retryAfter = response.headers['retry-after'];
      response.on('data', (chunk: Buffer) => {
        this.body += chunk.toString();
      });
      response.on('close', () => {
        this.ended = response.complete ? 'complete' : 'broken';
      });
      response.on('error', () => {});
    });
    this.#sent.on('error', () => {
      this.ended ??= 'broken';
    });
    this.#sent.end();
  }

  async end(): Promise<this> {
    await expect.poll(() => this.ended, { timeout: 30_000 }).toBeDefined();
    return this;
  }

  close(): void {
    this.#sent.destroy();
  }
}

it('passes on what it is not told to spoil', async () => {
  const call = await new Call(LIST).end();
  expect(call.ended).toBe('complete');
  expect(JSON.parse(call.body).kind).toBe('NamespaceList');
});

it.each([
  ['a page', HTML_PAGE, { status: 200, retryAfter: undefined, start: '<!DOCTYPE html>' }],
  ['410', GONE, { status: 410, retryAfter: undefined, start: '{"kind":"Status"' }],
  ['429', tooManyRequests(3), { status: 429, retryAfter: '3', start: '{"kind":"Status"' }],
])('answers %s as often as it is told to', async (_, fault, { status, retryAfter, start }) => {
  const order = proxy.misbehave(fault, { path: /namespaces/, times: 1 });
  const call = await new Call(LIST).end();
  expect(call).toMatchObject({ status, retryAfter, ended: 'complete' });
  expect(call.body.slice(0, start.length)).toBe(start);
  expect((await new Call(LIST).end()).body).toContain('NamespaceList');
  expect(order.met).toBe(1);
});

it.each([
  ['breaks', false, 'broken'],
  ['ends', true, 'complete'],
] as const)('%s an answer after so many bytes', async (_, isClean, ended) => {
  proxy.misbehave({ kind: 'truncate', afterBytes: 20, isClean }, { times: 1 });
  const call = await new Call(LIST).end();
  expect(call).toMatchObject({ status: 200, ended });
  expect(call.body.length).toBe(20);
});

it('closes without an answer', async () => {
  proxy.misbehave({ kind: 'close' }, { times: 1 });
  expect(await new Call(LIST).end()).toMatchObject({ status: undefined, ended: 'broken' });
});

it('sends on late what it delays', async () => {
  proxy.misbehave({ kind: 'delay', delayMs: 50 }, { times: 1 });
  expect(await new Call(LIST).end()).toMatchObject({ status: 200, ended: 'complete' });
});

it.each(['hang', 'stall'] as const)('has a request %s until the client has enough', async (kind) => {
  const order = proxy.misbehave(kind === 'hang' ? { kind } : { kind, afterBytes: 0 }, { times: 1 });
  const call = new Call(LIST);
  await expect.poll(() => order.met).toBe(1);
  expect(await new Call(LIST).end()).toMatchObject({ status: 200 });
  expect(call.ended).toBeUndefined();
  call.close();
});

it.each([
  ['close', 0],
  ['cut', 1],
] as const)('does to watches what it is told: %s', async (fault, more) => {
  const call = new Call(WATCH);
  await expect.poll(() => call.body, { timeout: 30_000 }).toContain('initial-events-end');
  const before = call.body.length;
  expect(proxy.breakStreams(fault)).toBe(1);
  await controlPlane.namespace(`made-for-${fault}`);
  await call.end();
  expect(call.ended).toBe('broken');
  expect(call.body.length).toBe(before + more);
  await expect.poll(() => proxy.underWay).toEqual([]);
});

it('has a watch fall silent, and others go on', async () => {
  const silent = new Call(WATCH);
  await expect.poll(() => silent.body, { timeout: 30_000 }).toContain('initial-events-end');
  proxy.breakStreams('hang');
  const other = new Call(WATCH);
  await controlPlane.namespace('made-in-silence');
  await expect.poll(() => other.body, { timeout: 30_000 }).toContain('made-in-silence');
  expect(silent.body).not.toContain('made-in-silence');
  expect(silent.ended).toBeUndefined();
  silent.close();
  other.close();
});

it('takes connections and hears nothing as long as it is deaf', async () => {
  proxy.isDeaf = true;
  const requests = proxy.requests;
  const call = new Call(LIST);
  await controlPlane.request('GET', LIST);
  expect({ ended: call.ended, requests: proxy.requests }).toEqual({ ended: undefined, requests });
  proxy.isDeaf = false;
  expect(await call.end()).toMatchObject({ status: 200, ended: 'complete' });
});

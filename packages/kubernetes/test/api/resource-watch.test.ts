/** What no real API server does, or not when a test wants it: answers that are made here, sent over a real connection. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiClient } from '../../src/api/api-client.ts';
import type { ResourceWatchOptions } from '../../src/api/resource-watch.ts';
import { PODS, WatchUnderTest } from './recorder.ts';
import { bookmark, encode, envelope, errorEvent, frame, list, object } from './wire-forms.ts';

const PROTOBUF = { 'content-type': 'application/vnd.kubernetes.protobuf' };
const SOON = { timeout: 20_000, interval: 5 };

type Answer = (response: ServerResponse, query: URLSearchParams) => void;

/** The answers to the requests to come; the last one is for all that follow. */
let answers: Answer[];
let asked: URLSearchParams[];
let server: Server;

beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const query = new URL(request.url ?? '', 'http://server').searchParams;
    asked.push(query);
    (answers.length > 1 ? answers.shift() : answers[0])?.(response, query);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function watchPods(options: Partial<ResourceWatchOptions> = {}, proxyUrl?: string): WatchUnderTest {
  const access = { server: new URL(address()), tls: {}, headers: {}, proxyUrl };
  const client = new ApiClient({ read: async () => access, refused() {} }, { headTimeoutMs: 1_000 });
  return new WatchUnderTest(client, PODS, options);
}

function address(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends frames and keeps the watch open, or ends it. */
function streams(frames: readonly Buffer[], end?: 'end'): Answer {
  return (response) => {
    response.writeHead(200, PROTOBUF);
    response.flushHeaders();
    for (const bytes of frames) response.write(bytes);
    if (end === 'end') response.end();
  };
}

function answersWith(
  status: number,
  body: Buffer | string,
  headers: Record<string, string> = PROTOBUF,
): Answer {
  return (response) => void response.writeHead(status, headers).end(body);
}

function breaksOff(response: ServerResponse): void {
  response.writeHead(200, PROTOBUF).write(LISTED[0], () => setTimeout(() => response.destroy(), 20));
}

const LISTED = [frame('ADDED', 'Pod', object('a', '5')), bookmark('Pod', '10', true)];

describe('ResourceWatch', () => {
  test('asks for a streaming list of what is now, and watches on in the same answer', async () => {
    answers = [
      streams([
        ...LISTED,
        frame('MODIFIED', 'Pod', object('a', '11')),
        frame('DELETED', 'Pod', object('a', '12')),
      ]),
    ];
    await using watch = watchPods();
    await expect
      .poll(() => watch.recorder.told, SOON)
      .toEqual(['listing', 'seen a', 'listed', 'seen a', 'deleted a']);
    const { timeoutSeconds, ...query } = Object.fromEntries(asked[0]!);
    expect(query).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
    });
    expect(Number(timeoutSeconds)).toBeGreaterThanOrEqual(300);
    expect(Number(timeoutSeconds)).toBeLessThanOrEqual(600);
    expect(watch.state).toBe('current');
  });

  test('goes on from the last version when a watch ends, and nobody hears of it', async () => {
    const slowEnd: Answer = (response) => {
      streams([...LISTED, frame('MODIFIED', 'Pod', object('a', '11')), bookmark('Pod', '20')])(
        response,
        asked[0]!,
      );
      setTimeout(() => response.end(), 600);
    };
    answers = [slowEnd, streams([frame('ADDED', 'Pod', object('b', '21'))])];
    await using watch = watchPods();
    await expect.poll(() => [...watch.recorder.objects], SOON).toEqual(['a', 'b']);
    expect(asked[1]?.get('resourceVersion')).toBe('20');
    expect({ states: watch.states, lists: watch.recorder.lists, logs: watch.settings.logs }).toEqual({
      states: ['current'],
      lists: 1,
      logs: [],
    });
    expect(watch.restarts('renewed')).toBe(1);
  });

  test('is not taken back by versions that go back, or that are no numbers', async () => {
    const backwards = ['30', '9', '', 'abc'].map((version) => frame('MODIFIED', 'Pod', object('a', version)));
    answers = [streams([...LISTED, ...backwards.slice(0, 3)], 'end'), streams([])];
    await using watch = watchPods();
    await expect.poll(() => asked.length, SOON).toBeGreaterThanOrEqual(2);
    expect(asked[1]?.get('resourceVersion')).toBe('30');
    expect(watch.recorder.told).toEqual(['listing', 'seen a', 'listed', 'seen a', 'seen a', 'seen a']);
  });

  test('waits before it tries a server again that closes at once', async () => {
    answers = [streams(LISTED, 'end'), streams([], 'end'), streams([], 'end'), streams([])];
    await using watch = watchPods();
    await expect.poll(() => watch.restarts('closed'), SOON).toBe(3);
    await expect.poll(() => watch.state, SOON).toBe('current');
    expect(watch.states).toEqual(['current', 'stale', 'current']);
    expect(watch.recorder.lists).toBe(1);
  });

  test.for([
    ['that says 400', answersWith(400, 'unknown parameter', {})],
    ['that forbids them (422)', answersWith(422, 'sendInitialEvents is forbidden', {})],
  ] as const)('lists by pages from a server without streaming lists, %s', async ([, refusal]) => {
    answers = [
      refusal,
      answersWith(200, list('PodList', ['a', 'b'], { resourceVersion: '7', continue: 'more' })),
      answersWith(200, list('PodList', ['c'], { resourceVersion: '7' })),
      streams([errorEvent({ code: 410, reason: 'Expired', message: 'too old' })]),
      answersWith(200, list('PodList', ['c'], { resourceVersion: '9' })),
      streams([]),
    ];
    await using watch = watchPods();
    await expect.poll(() => asked.length, SOON).toBe(6);
    await expect.poll(() => [...watch.recorder.objects], SOON).toEqual(['c']);
    expect(
      asked.map((query) => [query.get('limit'), query.get('continue'), query.get('resourceVersion')]),
    ).toEqual([
      [null, null, null],
      ['500', null, null],
      ['500', 'more', null],
      [null, null, '7'],
      ['500', null, null],
      [null, null, '9'],
    ]);
  });

  test('lists by pages where a server took a streaming list for a watch and never ends it', async () => {
    answers = [
      streams([frame('ADDED', 'Pod', object('a', '5'))]),
      answersWith(200, list('PodList', ['b'], { resourceVersion: '7' })),
      streams([]),
    ];
    await using watch = watchPods({ timing: { listIdleMs: 50 } });
    await expect.poll(() => watch.state, SOON).toBe('current');
    expect([...watch.recorder.objects]).toEqual(['b']);
    expect(watch.restarts('hung')).toBe(1);
  });

  test('asks for all at once when pages expire before they are read', async () => {
    const gone = envelope(
      'Status',
      encode('Status', { code: 410, reason: 'Expired', message: 'expired token' }),
    );
    answers = [
      answersWith(200, list('PodList', ['a'], { resourceVersion: '7', continue: 'more' })),
      answersWith(410, gone),
      answersWith(200, list('PodList', ['a', 'b'], { resourceVersion: '8' })),
      streams([]),
    ];
    await using watch = watchPods({ streamsLists: false });
    await expect.poll(() => watch.state, SOON).toBe('current');
    expect(watch.recorder.told).toEqual(['listing', 'seen a', 'listing', 'seen a', 'seen b', 'listed']);
    expect(asked[2]?.has('limit')).toBe(false);
  });

  test.for([
    ['rate_limited', answersWith(429, 'slow down', { 'retry-after': '0' })],
    ['server_error', answersWith(500, 'oops', {})],
    ['server_error', answersWith(302, '', { location: 'http://elsewhere/' })],
    ['not_protobuf', answersWith(200, '<html>', { 'content-type': 'text/html' })],
    ['not_protobuf', answersWith(200, '<html>', {})],
    ['malformed', answersWith(200, '<!DOCTYPE html>')],
    ['malformed', streams([frame('ADDED', 'Node', object('a', '1'))])],
    ['malformed', streams([bookmark('Pod', '', true)])],
    ['malformed', streams([bookmark('Pod', '1'.repeat(100), true)])],
    ['truncated', streams([LISTED[0]!], 'end')],
    ['truncated', streams([LISTED[0]!.subarray(0, 20)], 'end')],
    ['hung', () => {}] as [string, Answer],
    ['closed', breaksOff] as [string, Answer],
    ['network', (response) => response.destroy()] as [string, Answer],
    [
      'version_too_new',
      streams([
        errorEvent({
          code: 504,
          reason: 'Timeout',
          details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
        }),
      ]),
    ],
    ['rate_limited', streams([errorEvent({ code: 429, reason: 'TooManyRequests' })])],
    ['server_error', streams([errorEvent({ code: 500, message: 'etcdserver: leader changed' })])],
    ['server_error', streams([errorEvent({})])],
  ] as const)('begins anew after what it counts as %s', async ([reason, answer]) => {
    answers = [answer, streams(LISTED)];
    await using watch = watchPods();
    await expect.poll(() => watch.state, SOON).toBe('current');
    expect([...watch.recorder.objects]).toEqual(['a']);
    expect(watch.restarts(reason)).toBe(1);
  });

  test.for([
    [
      'a version that is not there yet',
      { code: 504, details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
    ],
    ['a version that is gone', { code: 410, reason: 'Expired' }],
  ] as const)('lists anew when it is told of %s', async ([, status]) => {
    answers = [streams([...LISTED, errorEvent(status)]), streams([bookmark('Pod', '3', true)])];
    await using watch = watchPods();
    await expect.poll(() => watch.recorder.lists, SOON).toBe(2);
    expect([...watch.recorder.objects]).toEqual([]);
    // A server that was restored from a backup has lower versions than before.
    server.closeAllConnections();
    await expect.poll(() => asked[2]?.get('resourceVersion'), SOON).toBe('3');
  });

  test('is current after an interruption only when the server says that all has been told', async () => {
    let resumed: ServerResponse | undefined;
    const resumes: Answer = (response) => {
      response.writeHead(200, PROTOBUF).flushHeaders();
      resumed = response;
    };
    answers = [streams(LISTED), resumes];
    await using watch = watchPods({ timing: { catchUpMs: 60_000 } });
    await expect.poll(() => watch.state, SOON).toBe('current');
    server.closeAllConnections();
    await expect.poll(() => resumed, SOON).toBeDefined();
    // Asked to end soon, so that the bookmark which comes before the end comes soon.
    expect(asked[1]?.get('timeoutSeconds')).toBe('3');
    resumed?.write(frame('DELETED', 'Pod', object('a', '12')));
    await expect.poll(() => [...watch.recorder.objects], SOON).toEqual([]);
    expect(watch.state).toBe('stale');
    resumed?.write(bookmark('Pod', '13'));
    await expect.poll(() => watch.state, SOON).toBe('current');
    answers = [streams([])];
    server.closeAllConnections();
    await expect.poll(() => asked[2]?.get('resourceVersion'), SOON).toBe('13');
  });

  test('takes a watch that says nothing for hung, and facts for stale since it last said something', async () => {
    answers = [streams(LISTED), streams([])];
    await using watch = watchPods({ timing: { watchIdleMs: 60 } });
    await expect.poll(() => watch.restarts('hung'), SOON).toBeGreaterThanOrEqual(1);
    await expect.poll(() => asked[1]?.get('resourceVersion'), SOON).toBe('10');
    expect(watch.states.slice(0, 2)).toEqual(['current', 'stale']);
  });

  test('survives a handler that throws, and events of types that it does not know', async () => {
    answers = [streams([...LISTED, frame('RENAMED', 'Pod', object('b', '11'))])];
    await using watch = watchPods();
    watch.recorder.seen = () => {
      throw new Error('a defect');
    };
    await expect.poll(() => watch.count('otelcol_k8s_watch_refused', 'reason="unknown_event"'), SOON).toBe(1);
    expect(watch.count('otelcol_k8s_watch_refused', 'reason="handler"')).toBe(1);
    expect(watch.recorder.lists).toBe(1);
  });

  test('logs a failure that repeats once, in one line of bounded length', async () => {
    const noise = `\u001b[31mrow\n\t${'x'.repeat(2_000)}`;
    answers = [
      answersWith(500, noise, {}),
      answersWith(500, noise, {}),
      answersWith(500, noise, {}),
      streams(LISTED),
    ];
    await using watch = watchPods();
    await expect.poll(() => watch.state, SOON).toBe('current');
    const said = `answered 500: [31mrow ${'x'.repeat(392)}…`;
    expect(watch.settings.logs).toEqual([
      {
        level: 'warn',
        message: 'the watch of an API resource broke and begins anew',
        fields: { resource: 'pods', reason: 'server_error', error: said, occurrences: 1, items: 1 },
      },
    ]);
  });

  test('does not tell of a right that is missing while a server that has just begun does not know its roles', async () => {
    const refused = answersWith(403, 'no', {});
    const listsAndEnds = streams([...LISTED], 'end');
    const timing = { firstDelayMs: 1, maxDelayMs: 5, maxUnavailableDelayMs: 5 };
    const beginning = Array.from({ length: 8 }, () => (response: ServerResponse) => void response.destroy());
    answers = [listsAndEnds, ...beginning, refused, refused, refused, streams([])];
    await using watch = watchPods({ timing });
    await expect.poll(() => asked.length, SOON).toBeGreaterThanOrEqual(13);
    await expect.poll(() => watch.state, SOON).toBe('current');
    expect(watch.restarts('forbidden')).toBe(3);
    expect(watch.errors).toEqual([]);
    answers = [refused];
    server.closeAllConnections();
    await expect
      .poll(() => watch.errors, SOON)
      .toEqual([expect.stringContaining('not allowed to watch them')]);
  });

  test('says once that the server does not have the resource, and lets nobody wait', async () => {
    answers = [answersWith(404, 'the server could not find the requested resource', {})];
    await using watch = watchPods();
    await expect.poll(() => watch.restarts('not_found'), SOON).toBeGreaterThanOrEqual(3);
    expect(watch.context.sources.list()).toEqual([]);
    expect(watch.errors).toEqual([
      'kubernetes pods: the API server does not serve v1 pods (answered 404: the server could not find the requested resource). Use Kubernetes 1.21 or later.',
    ]);
  });

  test('goes through a proxy where the kubeconfig names one', async () => {
    const proxied: unknown[] = [];
    const proxy = createServer();
    // Plain HTTP is asked for by its whole URL (RFC 9112, section 3.2.2).
    proxy.on('request', ({ url, headers }: IncomingMessage, response: ServerResponse) => {
      proxied.push([url?.split('?', 1)[0], headers.host]);
      streams(LISTED)(response, new URLSearchParams());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    {
      await using watch = watchPods({}, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
      await expect.poll(() => watch.state, SOON).toBe('current');
    }
    expect(proxied).toEqual([[`${address()}/api/v1/pods`, address().slice('http://'.length)]]);
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });

  test('does not wait for credentials that hang, and not for them to end', async () => {
    let reads = 0;
    const never = (): Promise<never> => {
      reads += 1;
      return new Promise(() => {});
    };
    const client = new ApiClient({ read: never, refused() {} }, { accessTimeoutMs: 20 });
    const hung = new WatchUnderTest(client, PODS);
    await expect.poll(() => hung.restarts('credentials'), SOON).toBeGreaterThanOrEqual(2);
    await hung[Symbol.asyncDispose]();
    const patient = new WatchUnderTest(new ApiClient({ read: never, refused() {} }), PODS);
    await expect.poll(() => reads, SOON).toBeGreaterThanOrEqual(3);
    await patient[Symbol.asyncDispose]();
    expect(patient.context.sources.list()).toEqual([]);
  });

  test('ends while it waits, while it asks and while it watches', async () => {
    const hangs: Answer = () => {};
    for (const answer of [answersWith(500, ''), hangs, streams(LISTED)]) {
      answers = [answer];
      const before = asked.length;
      const watch = watchPods({ timing: { firstDelayMs: 3_600_000, maxDelayMs: 3_600_000 } });
      await expect.poll(() => asked.length, SOON).toBe(before + 1);
      await watch[Symbol.asyncDispose]();
      expect(watch.context.sources.list()).toEqual([]);
      await watch.watch.close();
    }
  });
});

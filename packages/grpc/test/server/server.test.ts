import { connect, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { RPC_CODES } from '@tributary/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ERROR_CODE, FRAME } from '../../src/http2/protocol.ts';
import { dial, echo, failure, HELLO, PATH, serve } from '../dial.ts';
import { messageData, requestHeaders } from '../http2/frames.ts';
import { RawPeer } from '../http2/raw-peer.ts';

const call = { path: PATH, message: [HELLO] };

/** What Node's client is answered. */
function request(port: number, headers: Record<string, string>): Promise<readonly [unknown, string]> {
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    let status: unknown;
    let body = '';
    stream.on('response', (answer) => {
      status = answer[':status'];
    });
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('error', reject);
    stream.on('close', () => resolve([status, body]));
    stream.end();
  });
}

describe('a client that is none of gRPC', () => {
  it.each([
    ['POST', { 'content-type': 'application/json' }, 415],
    ['GET', {}, 405],
  ])('is told so: %s', async (method, headers, status) => {
    const port = await serve(echo);
    const text = 'This port takes gRPC: POST with the content type application/grpc.\n';
    expect(await request(port, { ':method': method, ':path': '/', ...headers })).toEqual([status, text]);
  });

  it('is told so in HTTP/1 where it speaks that', async () => {
    const port = await serve(echo);
    const socket = connectTcp(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.write('POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    expect(heard.split('\r\n')[0]).toBe('HTTP/1.1 505 HTTP Version Not Supported');
    expect(heard.split('\r\n\r\n')[1]).toBe(
      'This port takes gRPC over HTTP/2 with prior knowledge. It does not speak HTTP/1.\n',
    );
  });
});

describe('metadata', () => {
  it('of many frames is taken', async () => {
    let seen = 0;
    const port = await serve((request) => {
      seen = request.metadata().get('x-large')?.[0]?.length ?? 0;
      return request.message;
    });
    await dial(port).call({ ...call, metadata: { 'x-large': '~'.repeat(50_000) } });
    expect(seen).toBe(50_000);
  });

  it('beyond the limit is refused, and the connection goes on', async () => {
    const port = await serve(echo);
    const peer = new RawPeer(port);
    await peer.begin();
    const large = { 'x-a': '~'.repeat(8000) };
    await peer.send(requestHeaders(1, large), messageData(1, HELLO));
    await expect
      .poll(() => peer.frames.some(({ type, streamId }) => type === FRAME.DATA && streamId === 1))
      .toBe(true);
    expect(peer.goawayCode).toBeUndefined();
  });
});

it('a call whose time is over is answered so, although its handler goes on', async () => {
  const port = await serve(() => new Promise(() => undefined));
  const peer = new RawPeer(port);
  await peer.begin();
  await peer.send(requestHeaders(1, { 'grpc-timeout': '50m' }), messageData(1, HELLO));
  await expect.poll(() => peer.frames.filter(({ streamId }) => streamId === 1).length).toBe(1);
  expect(peer.frames.find(({ streamId }) => streamId === 1)?.type).toBe(FRAME.HEADERS);
});

it('a call beyond the limit of open ones is refused, so that it can be sent again', async () => {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const port = await serve(() => promise, { maxConcurrentStreams: 2 });
  const peer = new RawPeer(port);
  await peer.begin();
  for (const streamId of [1, 3, 5]) await peer.send(requestHeaders(streamId), messageData(streamId));
  await expect.poll(() => peer.resets).toEqual({ 5: ERROR_CODE.REFUSED_STREAM });
  resolve(HELLO);
  await expect.poll(() => peer.frames.filter(({ type }) => type === FRAME.DATA).length).toBe(2);
});

describe('a connection', () => {
  it('of its full age takes no more calls, answers those under way and closes', async () => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const port = await serve(() => promise, { keepalive: { maxConnectionAgeMs: 50 } });
    const session = connect(`http://127.0.0.1:${port}`);
    const goaways: number[] = [];
    session.on('goaway', (_code, lastStreamId) => goaways.push(lastStreamId));
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const status = new Promise((done) => stream.on('trailers', (trailers) => done(trailers['grpc-status'])));
    stream.resume();
    stream.end(Buffer.alloc(5));
    // At first every stream may still come, and when the client has heard that, none after the last.
    await expect.poll(() => goaways).toEqual([2 ** 31 - 1, 1]);
    resolve(HELLO);
    expect(await status).toBe('0');
    await new Promise((closed) => session.on('close', closed));
  });

  it('whose client answers no pings is closed, and counted', async () => {
    const ended: string[] = [];
    const port = await serve(echo, {
      keepalive: { timeMs: 50, timeoutMs: 50 },
      onEnded: (reason) => ended.push(reason),
    });
    const peer = new RawPeer(port);
    await peer.begin();
    await peer.closed;
    expect(ended).toEqual(['keepalive']);
  });

  it('of a client that is refused for its encoding takes its next call', async () => {
    const port = await serve(echo);
    const peer = new RawPeer(port);
    await peer.begin();
    const compressed = messageData(1, HELLO);
    compressed[9] = 1;
    await peer.send(requestHeaders(1, { 'grpc-encoding': 'br' }), compressed);
    await peer.send(requestHeaders(3), messageData(3, HELLO));
    await expect
      .poll(() => peer.frames.some(({ type, streamId }) => type === FRAME.DATA && streamId === 3))
      .toBe(true);
    expect([peer.resets, constants.NGHTTP2_NO_ERROR]).toEqual([{}, ERROR_CODE.NO_ERROR]);
  });
});

it('a message that came in many pieces is the same as in one', async () => {
  const port = await serve(echo, { maxReceiveBytes: 10_000_000 });
  const client = dial(port, { maxReceiveBytes: 10_000_000 });
  const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => at % 251));
  expect(Buffer.from(await client.call({ path: PATH, message: [large] })).equals(large)).toBe(true);
  expect(
    (await failure(dial(port, { maxReceiveBytes: 10 }).call({ path: PATH, message: [large] }))).code,
  ).toBe(RPC_CODES.RESOURCE_EXHAUSTED);
});

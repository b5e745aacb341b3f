import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RPC_CODES } from '@tributary/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FLAG, FRAME } from '../src/http2/protocol.ts';
import { http2Transport } from '../src/index.ts';
import type { UnaryHandler } from '../src/transport.ts';
import { dial, echo, failure, HELLO, PATH, serve, unusedPort } from './dial.ts';
import { frame, messageData, requestHeaders } from './http2/frames.ts';
import { RawPeer } from './http2/raw-peer.ts';

describe('a call that does not come back', () => {
  const never: UnaryHandler = () => new Promise(() => undefined);

  it('ends with its time', async () => {
    const client = dial(await serve(never));
    const { code } = await failure(client.call({ path: PATH, message: [HELLO], timeoutMs: 50 }));
    expect(code).toBe(RPC_CODES.DEADLINE_EXCEEDED);
  });

  it('ends when its signal aborts, before and after it began', async () => {
    const client = dial(await serve(never));
    const controller = new AbortController();
    const call = failure(client.call({ path: PATH, message: [HELLO], signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    const expected = { code: RPC_CODES.CANCELLED, message: 'the call was cancelled' };
    expect(await call).toEqual(expected);
    expect(await failure(client.call({ path: PATH, message: [HELLO], signal: controller.signal }))).toEqual(
      expected,
    );
  });

  it('ends when the client closes, after which there are no calls', async () => {
    const client = dial(await serve(never));
    const call = failure(client.call({ path: PATH, message: [HELLO] }));
    setTimeout(() => client.close(), 50);
    const expected = { code: RPC_CODES.CANCELLED, message: 'the client is closed' };
    expect(await call).toEqual(expected);
    expect(await failure(client.call({ path: PATH, message: [HELLO] }))).toEqual(expected);
    client.close();
  });
});

describe('a server that is not there', () => {
  it('is UNAVAILABLE, or waited for where that is asked for', async () => {
    const port = await unusedPort();
    const client = dial(port);
    expect((await failure(client.call({ path: PATH, message: [HELLO] }))).code).toBe(RPC_CODES.UNAVAILABLE);
    const waiting = client.call({ path: PATH, message: [HELLO], waitForReady: true, timeoutMs: 30_000 });
    const server = http2Transport.createServer({ methods: new Map([[PATH, echo]]), maxReceiveBytes: 1000 });
    onTestFinished(() => server.close(AbortSignal.abort()));
    await server.listen({ endpoint: `127.0.0.1:${port}`, transport: 'tcp' });
    expect(Buffer.from(await waiting)).toEqual(HELLO);
  });

  it('is found again after it was gone', async () => {
    const options = { methods: new Map([[PATH, echo]]), maxReceiveBytes: 1000 };
    const first = http2Transport.createServer(options);
    const address = await first.listen({ endpoint: '127.0.0.1:0', transport: 'tcp' });
    const port = address.kind === 'tcp' ? address.port : 0;
    const client = dial(port);
    await client.call({ path: PATH, message: [HELLO] });
    await first.close();
    expect((await failure(client.call({ path: PATH, message: [HELLO] }))).code).toBe(RPC_CODES.UNAVAILABLE);
    const second = http2Transport.createServer(options);
    onTestFinished(() => second.close(AbortSignal.abort()));
    await second.listen({ endpoint: `127.0.0.1:${port}`, transport: 'tcp' });
    expect(Buffer.from(await client.call({ path: PATH, message: [HELLO], waitForReady: true }))).toEqual(
      HELLO,
    );
  });
});

async function startEcho() {
  const server = http2Transport.createServer({ maxReceiveBytes: 1000, methods: new Map([[PATH, echo]]) });
  const address = await server.listen({ endpoint: '127.0.0.1:0', transport: 'tcp' });
  onTestFinished(() => server.close(AbortSignal.abort()));
  return { server, port: address.kind === 'tcp' ? address.port : 0 };
}

describe('closing a server', () => {
  it('answers the calls under way and takes no others', async () => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    let called = 0;
    const server = http2Transport.createServer({
      maxReceiveBytes: 1000,
      methods: new Map([
        [
          PATH,
          () => {
            called += 1;
            return promise;
          },
        ],
      ]),
    });
    const address = await server.listen({ endpoint: '127.0.0.1:0', transport: 'tcp' });
    const port = address.kind === 'tcp' ? address.port : 0;
    const client = dial(port);
    const call = client.call({ path: PATH, message: [] });
    await expect.poll(() => called).toBe(1);
    const closed = server.close();
    expect((await failure(dial(port).call({ path: PATH, message: [] }))).code).toBe(RPC_CODES.UNAVAILABLE);
    resolve(HELLO);
    expect(Buffer.from(await call)).toEqual(HELLO);
    await closed;
    await server.close();
    expect(called).toBe(1);
  });

  it('takes what a client sent before it knew, and nothing after', async () => {
    const { server, port } = await startEcho();
    const peer = new RawPeer(port);
    await peer.begin();
    const framesOf = (type: number) => peer.frames.filter((each) => each.type === type);
    await expect.poll(() => framesOf(FRAME.SETTINGS).length).toBe(2);
    const closed = server.close();
    await expect.poll(() => framesOf(FRAME.PING).length).toBe(1);
    await peer.send(requestHeaders(1), messageData(1, HELLO));
    const [ping] = framesOf(FRAME.PING);
    // This one comes too late, for its client knows.
    await peer.send(frame(FRAME.PING, FLAG.ACK, 0, ping!.payload), requestHeaders(3));
    await closed;
    expect(framesOf(FRAME.GOAWAY).map(({ payload }) => payload.readUInt32BE())).toEqual([2 ** 31 - 1, 1]);
    expect(framesOf(FRAME.DATA).map(({ streamId, payload }) => [streamId, payload.subarray(5)])).toEqual([
      [1, HELLO],
    ]);
  });

  it('does not wait for clients that say nothing', async () => {
    const { server, port } = await startEcho();
    const peers = [new RawPeer(port), new RawPeer(port)];
    await peers[0]!.begin();
    await expect.poll(() => peers[0]!.frames.length).toBeGreaterThan(1);
    await server.close();
    await Promise.all(peers.map((peer) => peer.closed));
  });

  it('is harmless before it listens', async () => {
    const server = http2Transport.createServer({ methods: new Map(), maxReceiveBytes: 1 });
    await server.close();
  });
});

describe('connections', () => {
  it('over a Unix socket have no address', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tributary-grpc-'));
    const endpoint = join(dir, 'grpc.sock');
    let peer: string | undefined;
    const server = http2Transport.createServer({
      maxReceiveBytes: 1000,
      methods: new Map([
        [
          PATH,
          ({ message, peerAddress }) => {
            peer = peerAddress;
            return message;
          },
        ],
      ]),
    });
    onTestFinished(async () => {
      await server.close(AbortSignal.abort());
      rmSync(dir, { recursive: true, force: true });
    });
    expect(await server.listen({ endpoint, transport: 'unix' })).toEqual({ kind: 'unix', path: endpoint });
    await dial(0, { target: `unix:${endpoint}` }).call({ path: PATH, message: [HELLO] });
    expect(peer).toBe('');
  });

  it('are closed when they were idle for the configured time', async () => {
    const port = await serve(echo, { keepalive: { maxConnectionIdleMs: 100 } });
    const socket = connect(port, '127.0.0.1');
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
  });

  it('with a window for large messages do not wait for the server to read', async () => {
    const port = await serve(echo, { maxReceiveBytes: 10_000_000 });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const settings = await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(settings).toMatchObject({ initialWindowSize: 1_048_576 });
    session.destroy();
  });
});

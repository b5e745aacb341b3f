import { once } from 'node:events';
import { createServer as createHttp1 } from 'node:http';
import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net';
import { RPC_CODES } from '@tributary/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FRAME } from '../../src/http2/protocol.ts';
import { dial, echo, failure, HELLO, PATH, serve, unusedPort } from '../dial.ts';
import { frame } from '../http2/frames.ts';

const call = { path: PATH, message: [HELLO] };

/** A server for as long as the test lasts. */
async function listenOn(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Node's server; `take` is told of each stream, and how many there were before. */
async function serveByNode(
  take: (stream: ServerHttp2Stream, before: number) => void,
  settings: object = {},
): Promise<{ readonly port: number; readonly sessions: readonly ServerHttp2Session[] }> {
  const sessions: ServerHttp2Session[] = [];
  let streams = 0;
  const server = createServer({ settings });
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.resume();
    take(stream, streams++);
  });
  const port = await listenOn(server);
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
  });
  return { port, sessions };
}

function accept(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.alloc(5));
}

describe('a target of several addresses', () => {
  it('is called in turns with round_robin, and where one is gone, at the others', async () => {
    const calls = [0, 0];
    const count = (index: number) =>
      serve(({ message }) => {
        calls[index]! += 1;
        return message;
      });
    const [one, two, none] = [await count(0), await count(1), await unusedPort()];
    const target = `ipv4:127.0.0.1:${one},127.0.0.1:${none},127.0.0.1:${two}`;
    const client = dial(0, { target, loadBalancing: 'round_robin' });
    await expect
      .poll(async () => {
        await client.call(call);
        return calls.every((made) => made > 0);
      })
      .toBe(true);
    const before = [...calls];
    for (let made = 0; made < 10; made += 1) await client.call(call);
    expect(calls.map((made, index) => made - before[index]!)).toEqual([5, 5]);
  });

  it('is called at the first that answers with pick_first', async () => {
    const none = await unusedPort();
    const calls: number[] = [];
    const [one, two] = [
      await serve(({ message }) => {
        calls.push(1);
        return message;
      }),
      await serve(({ message }) => {
        calls.push(2);
        return message;
      }),
    ];
    const target = `ipv4:127.0.0.1:${none},127.0.0.1:${one},127.0.0.1:${two}`;
    const client = dial(0, { target, loadBalancing: 'pick_first' });
    for (let made = 0; made < 4; made += 1) await client.call(call);
    expect(calls).toEqual([1, 1, 1, 1]);
  });
});

describe('a target', () => {
  it('of a name is looked up', async () => {
    const port = await serve(echo);
    expect(Buffer.from(await dial(0, { target: `dns:///localhost:${port}` }).call(call))).toEqual(HELLO);
  });

  it('of a name that nobody knows is UNAVAILABLE, with the reason', async () => {
    expect(await failure(dial(0, { target: 'no.such.host.invalid:1' }).call(call))).toEqual({
      code: RPC_CODES.UNAVAILABLE,
      message: expect.stringMatching(/^no connection to no\.such\.host\.invalid:1 \(.*(ENOTFOUND|EAI_AGAIN)/),
    });
  });

  it('that speaks HTTP/1 is UNAVAILABLE, and told to be so', async () => {
    const port = await listenOn(createHttp1());
    expect(await failure(dial(port).call(call))).toEqual({
      code: RPC_CODES.UNAVAILABLE,
      message: `no connection to 127.0.0.1:${port} (127.0.0.1:${port}: the server speaks HTTP/1: HTTP/1.1 400 Bad Request)`,
    });
  });
});

describe('a call that the server did nothing for', () => {
  it('is sent again after GOAWAY, on another connection', async () => {
    const good = createServer();
    good.on('stream', accept);
    let connections = 0;
    const port = await listenOn(
      createTcp((socket) => {
        socket.on('error', () => undefined);
        onTestFinished(() => {
          socket.destroy();
        });
        connections += 1;
        if (connections > 1) {
          good.emit('connection', socket);
          return;
        }
        socket.write(frame(FRAME.SETTINGS, 0, 0));
        // The preface and the settings come first, then the call.
        let chunks = 0;
        socket.on('data', () => {
          chunks += 1;
          if (chunks === 2) socket.write(frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8)));
        });
      }),
    );
    await dial(port).call(call);
    expect(connections).toBe(2);
  });

  it('is sent again after REFUSED_STREAM, once', async () => {
    const once = await serveByNode((stream, before) => {
      if (before === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else accept(stream);
    });
    await dial(once.port).call(call);
    let streams = 0;
    const always = await serveByNode((stream) => {
      streams += 1;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
    expect([await failure(dial(always.port).call(call)), streams]).toEqual([
      { code: RPC_CODES.UNAVAILABLE, message: 'the server reset the stream (REFUSED_STREAM)' },
      2,
    ]);
  });
});

describe('the limits of a server', () => {
  it('of calls at once are obeyed: more of them wait', async () => {
    let open = 0;
    let most = 0;
    const { port, sessions } = await serveByNode(
      (stream) => {
        open += 1;
        most = Math.max(most, open);
        setImmediate(() => {
          open -= 1;
          accept(stream);
        });
      },
      { maxConcurrentStreams: 2 },
    );
    const client = dial(port);
    await Promise.all(Array.from({ length: 20 }, () => client.call(call)));
    expect([most, sessions.length]).toEqual([2, 1]);
  });

  it('of metadata are obeyed: what is larger is not sent', async () => {
    const { port } = await serveByNode(accept, { maxHeaderListSize: 1000 });
    const client = dial(port);
    await client.call(call);
    expect(await failure(client.call({ ...call, metadata: { 'x-large': 'a'.repeat(1000) } }))).toEqual({
      code: RPC_CODES.RESOURCE_EXHAUSTED,
      message: expect.stringMatching(/^the metadata is larger than the server takes \(\d+ of 1000 bytes\)$/),
    });
    await client.call(call);
  });
});

it('a server that ends every connection as soon as it is made is not called without end', async () => {
  let connections = 0;
  const port = await listenOn(
    createTcp((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.end(frame(FRAME.SETTINGS, 0, 0));
    }),
  );
  const client = dial(port, { loadBalancing: 'round_robin' });
  const statuses = [];
  for (let made = 0; made < 20; made += 1) statuses.push((await failure(client.call(call))).code);
  expect([new Set(statuses), connections]).toEqual([new Set([RPC_CODES.UNAVAILABLE]), 2]);
});

it('a server that ends every connection with the first call that it answers, as a proxy that drains does, is called again at once', async () => {
  let draining = 0;
  const { port } = await serveByNode((stream) => {
    draining += 1;
    stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
    // The client is to know before it has its answer.
    setImmediate(() => accept(stream));
  });
  const client = dial(port);
  for (let count = 0; count < 10; count += 1) await client.call(call);
  expect(draining).toBe(10);
});

it('a server that answers no pings is given up', async () => {
  const port = await listenOn(
    createTcp((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(frame(FRAME.SETTINGS, 0, 0));
    }),
  );
  const client = dial(port, { keepalive: { timeMs: 50, timeoutMs: 50 } });
  expect(await failure(client.call(call))).toEqual({
    code: RPC_CODES.UNAVAILABLE,
    message: 'the connection broke (the server does not answer pings)',
  });
});

it('calls that wait for a connection are not kept when they are given up', async () => {
  const client = dial(await unusedPort());
  const statuses = await Promise.all(
    Array.from({ length: 3 }, () => failure(client.call({ ...call, waitForReady: true, timeoutMs: 50 }))),
  );
  expect(statuses.map(({ code }) => code)).toEqual([4, 4, 4]);
});

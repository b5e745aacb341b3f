import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from '../../src/config/schema-types.ts';
import { joinPieces } from '../../src/net/body-pieces.ts';
import { type HttpHandler, HttpServer } from '../../src/net/http-server.ts';
import type { BodyListener } from '../../src/net/http1/body-intake.ts';
import type { PlainHandler } from '../../src/net/http1/plain-call.ts';
import { readBody } from '../../src/net/request-body.ts';
import { httpServerShape } from '../../src/net/server-config.ts';

const schema = z.strictObject(httpServerShape({ endpoint: '127.0.0.1:0' }));
const LIMIT = 1000;

let server: HttpServer<true> | undefined;
afterEach(() => server?.close(AbortSignal.abort()));

/** What became of the bodies, in their order. */
let bodies: string[] = [];

/** A request as these tests see it, whoever read it. */
interface Call {
  read(listener: BodyListener): void;
  answer(status: number, body: string | Uint8Array): void;
}

type Take = (call: Call) => void;

const echo: Take = (call) => {
  call.read({
    onBody: (pieces) => {
      const body = joinPieces(pieces);
      bodies.push(`body of ${body.length}`);
      call.answer(200, body);
    },
    onTooLarge: () => {
      bodies.push('too large');
      call.answer(413, '');
    },
    onNoMemory: () => {
      bodies.push('no memory');
      call.answer(503, '');
    },
    onAborted: () => bodies.push('aborted'),
  });
};

/** Reads the body and leaves the answer to others. */
const wait = (waiting: Call[]): Take => {
  return (call) =>
    call.read({
      onBody: () => waiting.push(call),
      onTooLarge: () => undefined,
      onNoMemory: () => undefined,
      onAborted: () => undefined,
    });
};

const lengthOf = (body: string | Uint8Array) => ['Content-Length', String(Buffer.byteLength(body))];

function onNode(take: Take): HttpHandler {
  return (request, response) =>
    take({
      read: (listener) => readBody(request, LIMIT, listener),
      answer: (status, body) => response.writeHead(status, lengthOf(body)).end(body),
    });
}

function direct(take: Take): PlainHandler<true> {
  return {
    route: () => true,
    take: (call) =>
      take({
        read: (listener) => call.readBody(LIMIT, listener),
        answer: (status, body) => call.answer(status, lengthOf(body), body),
      }),
  };
}

/** Whether the server reads plain requests itself. */
let isDirect = false;

async function start(block: object = {}, take: Take = echo): Promise<number> {
  bodies = [];
  const config = schema.parse({ max_request_body_size: LIMIT, ...block });
  server = new HttpServer<true>(config, onNode(take), undefined, isDirect ? direct(take) : undefined);
  const address = await server.listen();
  if (address.kind !== 'tcp') throw new Error('not TCP');
  return address.port;
}

/** Sends bytes as they are and gathers what comes back until the server closes. */
function talk(port: number, ...pieces: string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (data) => {
      heard += data;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard));
    for (const piece of pieces) socket.write(piece);
  });
}

/** A connection that is open and has sent this much. */
async function open(port: number, text = ''): Promise<Socket & { whenClosed: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const whenClosed = new Promise((resolve) => socket.on('close', () => resolve('closed')));
  await new Promise((resolve, reject) => socket.on('connect', resolve).once('error', reject));
  // What is not read has no end.
  socket.resume();
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve));
  return Object.assign(socket, { whenClosed });
}

const post = (length: number, body: string) =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`;

const statusLines = (heard: string) => heard.match(/HTTP\/1\.1 [^\r]+/g);

describe.each([
  ['on node:http', false],
  ['with plain requests read directly', true],
])('a server %s', (_, isPlain) => {
  beforeEach(() => {
    isDirect = isPlain;
  });

  describe('a body', () => {
    it('is gathered from its pieces', async () => {
      const port = await start({ keep_alives_enabled: false });
      const heard = await talk(port, post(12, 'hello '), 'world!');
      expect([heard.endsWith('hello world!'), bodies]).toEqual([true, ['body of 12']]);
    });

    it('that announces more than the limit is refused before it comes, and the connection goes on', async () => {
      const port = await start();
      const socket = await open(port, post(LIMIT + 1, 'a'.repeat(LIMIT + 1)) + post(2, 'ok'));
      let heard = '';
      await new Promise<void>((resolve) => {
        socket.on('data', (data) => {
          heard += data;
          if (heard.endsWith('ok')) resolve();
        });
      });
      socket.destroy();
      expect([statusLines(heard), bodies]).toEqual([
        ['HTTP/1.1 413 Payload Too Large', 'HTTP/1.1 200 OK'],
        ['too large', 'body of 2'],
      ]);
    });

    it('that turns out to be larger than the limit is refused, and cut off if it does not end', async () => {
      const port = await start();
      const chunk = `258\r\n${'a'.repeat(600)}\r\n`;
      const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
      const heard = await talk(port, head, ...new Array<string>(10).fill(chunk));
      expect([statusLines(heard), bodies]).toEqual([['HTTP/1.1 413 Payload Too Large'], ['too large']]);
    });

    it('that a client asks leave for is let come, or refused without having come', async () => {
      const port = await start();
      const ask = (length: number, body: string) =>
        post(length, body).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n');
      expect(statusLines(await talk(port, ask(2, 'ok')))).toEqual([
        'HTTP/1.1 100 Continue',
        'HTTP/1.1 200 OK',
      ]);
      expect(statusLines(await talk(port, ask(LIMIT + 1, '')))).toEqual(['HTTP/1.1 413 Payload Too Large']);
      expect(bodies).toEqual(['body of 2', 'too large']);
    });

    it('whose client goes away is told as aborted', async () => {
      const port = await start();
      const socket = await open(port, post(100, 'half'));
      socket.destroy();
      await expect.poll(() => bodies).toEqual(['aborted']);
    });
  });

  describe('slow clients', () => {
    it('that do not send their headers are cut off after read_header_timeout', async () => {
      const port = await start({ read_header_timeout: '100ms' });
      expect(statusLines(await talk(port, 'POST / HTTP/1.1\r\nHost:'))).toEqual([
        'HTTP/1.1 408 Request Timeout',
      ]);
    });

    it('that send nothing at all are cut off too', async () => {
      const port = await start({ read_header_timeout: '100ms' });
      expect(statusLines(await talk(port))).toEqual(['HTTP/1.1 408 Request Timeout']);
    });

    it('that do not send their body are cut off after read_timeout', async () => {
      const port = await start({ read_timeout: '100ms' });
      expect(statusLines(await talk(port, post(100, 'half')))).toEqual(['HTTP/1.1 408 Request Timeout']);
      expect(bodies).toEqual(['aborted']);
    });

    it('that do not ask again are let go after idle_timeout', async () => {
      const port = await start({ idle_timeout: '100ms' });
      expect(statusLines(await talk(port, post(2, 'ok')))).toEqual(['HTTP/1.1 200 OK']);
    });

    it('of an answer that does not come are cut off after write_timeout', async () => {
      const port = await start({ write_timeout: '100ms' }, wait([]));
      expect(await talk(port, post(2, 'ok'))).toBe('');
    });

    it('that send endless headers are refused', async () => {
      const port = await start();
      const header = `X-Header: ${'a'.repeat(10_000)}\r\n`;
      const heard = await talk(port, 'POST / HTTP/1.1\r\nHost: a\r\n', ...new Array<string>(10).fill(header));
      expect(statusLines(heard)).toEqual(['HTTP/1.1 431 Request Header Fields Too Large']);
    });

    it('that do not speak HTTP are refused', async () => {
      const port = await start();
      expect(statusLines(await talk(port, '\x16\x03\x01\x02\x00\r\n\r\n'))).toEqual([
        'HTTP/1.1 400 Bad Request',
      ]);
    });
  });

  it('connections take one request each without keep-alives', async () => {
    const port = await start({ keep_alives_enabled: false });
    expect(statusLines(await talk(port, post(2, 'ok') + post(2, 'no')))).toEqual(['HTTP/1.1 200 OK']);
  });

  describe('closing', () => {
    it('lets requests under way be answered, closes idle connections and takes no new ones', async () => {
      const waiting: Call[] = [];
      const port = await start({}, wait(waiting));
      const unused = await open(port);
      const idle = await open(port, post(2, 'ok'));
      await expect.poll(() => waiting.length).toBe(1);
      waiting.shift()!.answer(200, 'done');
      const agent = new Agent({ keepAlive: true });
      const answered = new Promise<IncomingMessage>((resolve) => {
        request({ port, host: '127.0.0.1', agent, method: 'POST' }, resolve).end('a');
      });
      await expect.poll(() => waiting.length).toBe(1);
      let isClosed = false;
      const closed = server!.close().then(() => {
        isClosed = true;
      });
      await Promise.all([unused.whenClosed, idle.whenClosed]);
      await expect(open(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      expect([isClosed, server!.isClosing]).toEqual([false, true]);
      waiting[0]!.answer(200, 'done');
      const response = await answered;
      response.resume();
      await closed;
      expect([response.statusCode, isClosed]).toEqual([200, true]);
    });

    it('cuts off what is left when the signal aborts', async () => {
      const port = await start({}, wait([]));
      const sockets = [await open(port, post(2, 'ok')), await open(port, 'POST / HT'), await open(port)];
      const controller = new AbortController();
      const closed = server!.close(controller.signal);
      controller.abort();
      await closed;
      await Promise.all(sockets.map((socket) => socket.whenClosed));
    });

    it('is harmless before listening and when repeated', async () => {
      const unused = new HttpServer(schema.parse({}), onNode(echo));
      await unused.close();
      await unused.close();
    });
  });
});

describe('a client of plain requests', () => {
  beforeEach(() => {
    isDirect = true;
  });

  it('that sends several and closes its side has an answer to each', async () => {
    const waiting: Call[] = [];
    const port = await start({}, wait(waiting));
    const socket = await open(port);
    let heard = '';
    socket.on('data', (data) => {
      heard += data;
    });
    socket.end(post(2, 'ok') + post(2, 'ok'));
    for (const count of [1, 2]) {
      await expect.poll(() => waiting.length).toBe(count);
      // The end is there before the answer.
      await new Promise((resolve) => setTimeout(resolve, 50));
      waiting.at(-1)?.answer(200, '');
    }
    await socket.whenClosed;
    expect(statusLines(heard)).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK']);
  });

  it.each([
    ['head', 'POST / HT', ['HTTP/1.1 400 Bad Request']],
    ['body', post(9, 'half'), ['HTTP/1.1 400 Bad Request']],
  ])("that closes its side in the middle of the next one's %s has its answer", async (_, next, more) => {
    const waiting: Call[] = [];
    const port = await start({}, wait(waiting));
    const socket = await open(port);
    let heard = '';
    socket.on('data', (data) => {
      heard += data;
    });
    socket.end(post(2, 'ok') + next);
    await expect.poll(() => waiting.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    waiting[0]?.answer(200, '');
    await socket.whenClosed;
    expect(statusLines(heard)).toEqual(['HTTP/1.1 200 OK', ...more]);
  });
});

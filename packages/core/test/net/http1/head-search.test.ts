/** Heads that come byte by byte: each byte is looked at once, however short the lines are. */
import type { Socket } from 'node:net';
import { FakeSocket } from '@tributary/testkit';
import { expect, it, onTestFinished, vi } from 'vitest';
import { AnswerParser } from '../../../src/net/http1/answer-parser.ts';
import { KnownHead } from '../../../src/net/http1/known-head.ts';
import { PlainConnections } from '../../../src/net/http1/plain-server.ts';

const LINES = 200;

/** How often `Buffer.indexOf` is called while `work` is done. */
function searches(work: () => void): number {
  const indexOf = vi.spyOn(Buffer.prototype, 'indexOf');
  try {
    work();
    return indexOf.mock.calls.length;
  } finally {
    indexOf.mockRestore();
  }
}

/** A connection to a server that answers every request at once. */
function connect(): FakeSocket {
  const connections = new PlainConnections<true>({
    handler: {
      route: () => true,
      take: (call) =>
        call.readBody(1000, {
          onBody: () => call.answer(204, [], ''),
          onTooLarge: () => undefined,
          onNoMemory: () => undefined,
          onAborted: () => undefined,
        }),
    },
    timeouts: { head: 0, request: 0, idle: 0, answer: 0 },
    keepsConnections: true,
    checkIntervalMs: 1000,
    onRequest: () => undefined,
    handOver: (socket) => socket.destroy(),
  });
  const socket = new FakeSocket();
  connections.add(socket as unknown as Socket);
  return socket;
}

it('a request is searched once', () => {
  const socket = connect();
  const head = Buffer.from(
    `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n${'a:\r\n'.repeat(LINES)}\r\n`,
  );
  const count = searches(() => {
    socket.feed(head, [1]);
  });
  expect(socket.writtenText).toMatch(/^HTTP\/1\.1 204/);
  expect(count).toBeLessThan(4 * head.length);
});

it('a long head is not compared with the next one, piece by piece', () => {
  const compared = vi.spyOn(KnownHead.prototype, 'matches');
  onTestFinished(() => compared.mockRestore());
  const socket = connect();
  const head = (bytes: number) => {
    const short = 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\na: ';
    return Buffer.from(`${short}${'a'.repeat(bytes - short.length)}\r\n\r\n`);
  };
  const heads = [4097, 4097, 4096, 4096].map(head);
  socket.feed(
    Buffer.concat(heads),
    heads.map(({ length }) => length),
  );
  expect(socket.writtenText.match(/HTTP\/1\.1 204/g)).toHaveLength(4);
  expect(compared).toHaveBeenCalledTimes(1);
});

it('an answer is searched once', () => {
  const parser = new AnswerParser(1000);
  const head = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${'a:\r\n'.repeat(LINES)}\r\n`);
  let status: number | undefined;
  const count = searches(() => {
    for (let at = 0; at < head.length; at++) status = parser.push(head.subarray(at, at + 1))?.status;
  });
  expect(status).toBe(200);
  expect(count).toBeLessThan(4 * head.length);
});

it('a long head of an answer is not remembered', () => {
  const parser = new AnswerParser(1000);
  const head = (bytes: number) => {
    const short = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\na: ';
    return Buffer.from(`${short}${'a'.repeat(bytes - short.length)}\r\n\r\n`);
  };
  const counts = [4097, 4097, 4096, 4096].map((bytes) =>
    searches(() => expect(parser.push(head(bytes))?.status).toBe(200)),
  );
  // A head that is remembered is known again without a search for its end.
  expect(counts).toEqual([1, 1, 1, 0]);
});

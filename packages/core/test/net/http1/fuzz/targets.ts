/** What of HTTP/1.1 reads bytes that others sent. */
import type { Socket } from 'node:net';
import { FakeSocket, type FuzzTarget } from '@tributary/testkit';
import { memoryGate } from '../../../../src/component/memory-gate.ts';
import {
  AnswerParser,
  AnswerTooLargeError,
  ConnectionLostError,
  HttpFramingError,
} from '../../../../src/net/http1/answer-parser.ts';
import { ChunkedBody } from '../../../../src/net/http1/chunked-body.ts';
import { PlainConnections } from '../../../../src/net/http1/plain-server.ts';
import { parseRequestHead } from '../../../../src/net/http1/request-head.ts';
import { SEEDS, TOKENS } from './material.ts';

const MAX_BODY_BYTES = 300;
const PATH = '/v1/logs';

/** The first two bytes of an input say how it is cut. */
function cutsOf(input: Buffer): readonly number[] {
  return [1 + (input[0] ?? 0) * 4, 1 + (input[1] ?? 0)];
}

/** Where an input is cut, by its own last byte; short ones now and then at each byte. */
function cutOf(input: Buffer): number {
  const last = input.at(-1) ?? 0;
  return input.length < 200 && last % 4 === 0 ? 1 : 1 + (last % 60);
}

const withCuts = (text: string): Buffer =>
  Buffer.concat([Buffer.from([255, 20]), Buffer.from(text, 'latin1')]);

/** A head that is taken says one thing: written again from what was read it reads the same, and nothing hides in it. */
export const headTarget: FuzzTarget = {
  name: 'http1-head',
  seeds: SEEDS.heads.map((text) => Buffer.from(text, 'latin1')),
  tokens: TOKENS,
  run(input) {
    const head = parseRequestHead(input.toString('latin1'));
    if (typeof head === 'string') return head;
    const lines = [
      `${head.method} ${head.target} HTTP/1.1`,
      ...head.fields.map(([name, value]) => `${name}: ${value}`),
    ];
    if (lines.some((line) => /[\0\r\n]/.test(line))) throw new Error('a line is hidden in a line');
    if (typeof head.framing === 'number' && !Number.isSafeInteger(head.framing)) {
      throw new Error('a length that is none');
    }
    const { awaitsContinue, framing, isLast, isPlain, method } = head;
    const isOld = input.includes(' HTTP/1.0');
    const again = isOld ? head : parseRequestHead(lines.join('\r\n'));
    expectSame(JSON.stringify(again), JSON.stringify(head), 'a head that was written and read again');
    const size = typeof framing === 'number' ? String(framing).length : framing;
    return `${awaitsContinue} ${size} ${isLast} ${isPlain} ${method.length} ${head.fields.length}`;
  },
};

/** A body in chunks is the same however it is cut. */
export const chunksTarget: FuzzTarget = {
  name: 'http1-chunks',
  seeds: SEEDS.chunks.map((text) => Buffer.from(text, 'latin1')),
  tokens: TOKENS,
  run(input) {
    const whole = readChunks(input, input.length);
    const cut = cutOf(input);
    expectSame(readChunks(input, cut), whole, `chunks in pieces of ${cut} bytes`);
    return outcomeOf(whole);
  },
};

/** An answer is the same however it is cut, and an error is one of three. */
export const answerTarget: FuzzTarget = {
  name: 'http1-answer',
  seeds: SEEDS.answers.map((text) => Buffer.from(text, 'latin1')),
  tokens: TOKENS,
  run(input) {
    const whole = readAnswer(input, input.length);
    const cut = cutOf(input);
    expectSame(readAnswer(input, cut), whole, `an answer in pieces of ${cut} bytes`);
    return outcomeOf(whole);
  },
};

/** A server's connection: each request that is taken has one end, and no memory stays reserved. */
export function connectionTarget(): FuzzTarget {
  let underWay = 0;
  const connections = new PlainConnections<true>({
    handler: {
      route: (target) => (target === PATH ? true : undefined),
      take: (call) => {
        underWay += 1;
        const answer = (status: number): void => {
          underWay -= 1;
          call.answer(status, ['Content-Length', '0'], '');
        };
        call.readBody(MAX_BODY_BYTES, {
          onBody: () => answer(200),
          onTooLarge: () => answer(413),
          onNoMemory: () => answer(503),
          onAborted: () => {
            underWay -= 1;
          },
        });
      },
    },
    timeouts: { head: 0, request: 0, idle: 0, answer: 0 },
    keepsConnections: true,
    checkIntervalMs: 1000,
    onRequest: () => undefined,
    handOver: (socket) => socket.destroy(),
  });
  /** The status lines of the answers. */
  const talk = (bytes: Buffer, cuts: readonly number[]): string => {
    const socket = new FakeSocket();
    connections.add(socket as unknown as Socket);
    socket.feed(bytes, cuts);
    return (socket.writtenText.match(/HTTP\/1\.1 \d+/g) ?? []).join(' ');
  };
  return {
    name: 'http1-connection',
    seeds: SEEDS.requests.map(withCuts),
    tokens: TOKENS,
    run(input) {
      const whole = talk(input.subarray(2), [input.length]);
      expectSame(talk(input.subarray(2), cutsOf(input)), whole, 'answers to requests in pieces');
      return whole;
    },
    check() {
      const left = underWay;
      underWay = 0;
      if (left !== 0) throw new Error(`${left} requests have no end`);
      const held = memoryGate.reservedBytes;
      memoryGate.release(held);
      if (held !== 0) throw new Error(`${held} bytes are reserved when all connections are gone`);
    },
  };
}

/** What something came to, without its content. */
function outcomeOf(text: string): string {
  const [first = '', second = ''] = text.split(' ');
  return `${first} ${second} ${Math.round(2 * Math.log2(text.length + 1))}`.slice(0, 60);
}

function readChunks(input: Buffer, cut: number): string {
  const body = new ChunkedBody();
  let pending: Buffer = Buffer.alloc(0);
  for (let at = 0; at < input.length && !body.isWhole; at += cut) {
    pending = Buffer.concat([pending, input.subarray(at, at + cut)]);
    const used = body.push(pending);
    if (used === 'malformed') return used;
    pending = pending.subarray(used);
  }
  return body.isWhole ? `whole ${body.body().toString('latin1')}` : 'not whole';
}

function readAnswer(input: Buffer, cut: number): string {
  const parser = new AnswerParser(MAX_BODY_BYTES);
  try {
    for (let at = 0; at < input.length; at += cut) {
      const piece = Buffer.from(input.subarray(at, at + cut));
      const answer = parser.push(piece);
      // Sockets are read into one buffer.
      piece.fill(0);
      if (answer !== undefined) return textOf(answer);
    }
    const answer = parser.end();
    return answer === undefined ? 'nothing' : textOf(answer);
  } catch (error) {
    const isOurs =
      error instanceof HttpFramingError ||
      error instanceof AnswerTooLargeError ||
      error instanceof ConnectionLostError;
    if (!isOurs) throw error;
    return 'refused';
  }
}

function textOf(answer: NonNullable<ReturnType<AnswerParser['push']>>): string {
  return `${answer.status} ${answer.field('x-a')} ${answer.body.toString('latin1')}`;
}

function expectSame(found: string, expected: string, what: string): void {
  if (found !== expected)
    throw new Error(`${what}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`);
}

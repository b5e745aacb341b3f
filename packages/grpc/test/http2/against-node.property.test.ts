/**
 * Both sides against Node's own HTTP/2 (nghttp2): random calls with random settings, over a connection that cuts the bytes
 * at random places.
 */
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import { compress, RPC_CODES } from '@tributary/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ClientCall } from '../../src/client/client-call.ts';
import { ClientConnection } from '../../src/client/client-connection.ts';
import type { EndReason } from '../../src/http2/connection-error.ts';
import { ServerConnection } from '../../src/server/server-connection.ts';
import { serverLimits } from '../../src/server/server-limits.ts';
import { ServerMemory } from '../../src/server/server-memory.ts';
import { PATH } from '../dial.ts';
import { cutPair } from './cut-pair.ts';

const MIB = 1024 * 1024;
const RUNS = { numRuns: 40 };

/** Small and large ones, but not only small ones, lest a run take minutes. */
const cuts = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5000 })), { maxLength: 20 })
  .map((lengths) => [...lengths, 65_536]);

const call = fc.record({
  length: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 1000 }), fc.nat({ max: 100_000 })),
  isCompressed: fc.boolean(),
  metadata: fc.dictionary(
    fc.stringMatching(/^x-[a-z0-9._-]{1,20}$/),
    fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/),
    { maxKeys: 5 },
  ),
});

const settings = fc.record({
  headerTableSize: fc.constantFrom(0, 100, 4096, 65_536),
  initialWindowSize: fc.oneof(fc.integer({ min: 200, max: 3000 }), fc.integer({ min: 3000, max: 200_000 })),
  maxFrameSize: fc.constantFrom(16_384, 20_000, 1_000_000),
});

const traffic = fc.record({
  cuts,
  settings,
  calls: fc.array(call, { minLength: 1, maxLength: 6 }),
  paddingStrategy: fc.constantFrom(
    constants.PADDING_STRATEGY_NONE,
    constants.PADDING_STRATEGY_MAX,
    constants.PADDING_STRATEGY_CALLBACK,
  ),
});

type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** A message that is told from others by its bytes. */
function messageOf({ length }: Call): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 31 + length) % 251));
}

function framed(message: Uint8Array, isCompressed: boolean): Buffer {
  const head = Buffer.alloc(5);
  head[0] = isCompressed ? 1 : 0;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Our server on one end of a connection. */
function serveOn(
  socket: Socket,
  ended: EndReason[],
): { readonly memory: ServerMemory; readonly seen: unknown[] } {
  const limits = serverLimits({ methods: new Map(), maxReceiveBytes: MIB });
  const memory = new ServerMemory(limits.memoryBytes);
  const seen: unknown[] = [];
  new ServerConnection(socket, {
    methods: new Map([
      [
        PATH,
        (request) => {
          const metadata = [...request.metadata()].filter(([name]) => name.startsWith('x-'));
          seen.push(Object.fromEntries(metadata.map(([name, values]) => [name, values.join(', ')])));
          return request.message;
        },
      ],
    ]),
    limits,
    memory,
    onRefused: () => undefined,
    onAnswerLost: () => undefined,
    onEnded: (reason) => ended.push(reason),
    onClosed: () => undefined,
  });
  return { memory, seen };
}

/** A call by Node's client; gives the answer's message and status. */
function callByNode(
  session: ClientHttp2Session,
  one: Call,
  body: Uint8Array,
): Promise<readonly [Buffer, unknown]> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(one.isCompressed ? { 'grpc-encoding': 'gzip' } : {}),
      ...one.metadata,
    });
    const chunks: Buffer[] = [];
    let status: unknown;
    const note = (headers: Record<string, unknown>): void => {
      status = headers['grpc-status'] ?? status;
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => resolve([Buffer.concat(chunks), status]));
    stream.end(framed(body, one.isCompressed));
  });
}

const bodyOf = async (one: Call): Promise<Uint8Array> =>
  one.isCompressed ? await compress('gzip', 1, [messageOf(one)]) : messageOf(one);

const inOrder = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).sort();

it("our server understands Node's client, and is understood", async () => {
  await fc.assert(
    fc.asyncProperty(traffic, async ({ cuts, settings, calls, paddingStrategy }) => {
      const [near, far] = cutPair(cuts);
      const ended: EndReason[] = [];
      const { memory, seen } = serveOn(far as Socket, ended);
      const session = connect('http://localhost', {
        createConnection: () => near,
        settings: settings as Settings,
        paddingStrategy,
      });
      try {
        const bodies = await Promise.all(calls.map(bodyOf));
        const answers = await Promise.all(calls.map((one, at) => callByNode(session, one, bodies[at]!)));
        expect(answers).toEqual(calls.map((one) => [framed(messageOf(one), false), '0']));
        expect(inOrder(seen.map(sorted))).toEqual(inOrder(calls.map(({ metadata }) => sorted(metadata))));
        expect([memory.bytes, ended]).toEqual([0, []]);
      } finally {
        session.destroy();
        near.destroy();
      }
    }),
    RUNS,
  );
});

function sorted(metadata: unknown): unknown {
  return Object.entries(metadata as object).sort();
}

it("our client understands Node's server, and obeys its limits", async () => {
  const limited = fc.record({ traffic, maxConcurrentStreams: fc.integer({ min: 1, max: 10 }) });
  await fc.assert(
    fc.asyncProperty(limited, async ({ traffic, maxConcurrentStreams }) => {
      const { cuts, settings, calls, paddingStrategy } = traffic;
      const [near, far] = cutPair(cuts);
      const seen: unknown[] = [];
      const problems: unknown[] = [];
      const server = createServer({ settings: { ...settings, maxConcurrentStreams }, paddingStrategy });
      server.on('sessionError', (error) => problems.push(error));
      server.on('stream', (stream, headers) => {
        seen.push(Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-'))));
        stream.on('error', (error) => problems.push(error));
        echoByNode(stream, String(headers['grpc-encoding'] ?? ''));
      });
      server.emit('connection', far);
      const waiting: ClientCall[] = [];
      const dispatch = (one: ClientCall): void => {
        if (connection.hasRoom) connection.send(one);
        else waiting.push(one);
      };
      const proceed = (): void => {
        for (const one of waiting.splice(0)) dispatch(one);
      };
      const connection = new ClientConnection(
        near as Socket,
        { scheme: 'http', authority: 'localhost', userAgent: 'test', maxReceiveBytes: MIB, keepalive: {} },
        {
          onReady: proceed,
          onRoom: proceed,
          onRetired: () => problems.push('retired'),
          onClosed: (_, error) => problems.push(error),
        },
      );
      const owner = { dispatch, onSettled: () => undefined };
      const bodies = await Promise.all(calls.map(bodyOf));
      const answers = await Promise.all(
        calls.map((one, at) => {
          const { metadata, isCompressed } = one;
          const body = bodies[at]!;
          const middle = Math.floor(body.length / 3);
          const made = new ClientCall(
            {
              path: PATH,
              message: [body.subarray(0, middle), body.subarray(middle)],
              metadata,
              ...(isCompressed ? { encoding: 'gzip' } : {}),
            },
            owner,
          );
          dispatch(made);
          return made.promise;
        }),
      );
      expect(answers.map((answer) => Buffer.from(answer))).toEqual(calls.map(messageOf));
      expect(inOrder(seen.map(sorted))).toEqual(inOrder(calls.map(({ metadata }) => sorted(metadata))));
      expect(problems).toEqual([]);
      connection.destroy(new Error('done'));
      far.destroy();
    }),
    RUNS,
  );
});

/** Answers with the bytes that came, in the encoding in which they came. */
function echoByNode(stream: ServerHttp2Stream, encoding: string): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        ...(encoding === '' ? {} : { 'grpc-encoding': encoding }),
      },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(RPC_CODES.OK) }));
    stream.end(Buffer.concat(chunks));
  });
}

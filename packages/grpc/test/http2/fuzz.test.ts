/**
 * Bytes that are nearly HTTP/2, from a seed: whatever comes, nothing is thrown past the connection, nothing is reserved once it is
 * gone, and no error is one of ours. `FUZZ_RUNS` makes a long run of it, `FUZZ_SEED` another one.
 */

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { ClientCall } from '../../src/client/client-call.ts';
import { ClientConnection } from '../../src/client/client-connection.ts';
import { GrpcError } from '../../src/grpc-error.ts';
import { HpackDecoder, HpackError } from '../../src/hpack/decoder.ts';
import { HpackEncoder, type Indexing } from '../../src/hpack/encoder.ts';
import type { HeaderField } from '../../src/hpack/header-field.ts';
import { FLAG, FRAME, PREFACE } from '../../src/http2/protocol.ts';
import { ANSWER_HEADERS, OK_TRAILERS } from '../../src/server/answers.ts';
import { ServerConnection } from '../../src/server/server-connection.ts';
import { serverLimits } from '../../src/server/server-limits.ts';
import { ServerMemory } from '../../src/server/server-memory.ts';
import type { UnaryHandler } from '../../src/transport.ts';
import { PATH } from '../dial.ts';
import { cutPair } from './cut-pair.ts';
import { frame, messageData, requestBlock, requestHeaders, uint32 } from './frames.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 300);
const TIMEOUT_MS = 60_000 + 50 * RUNS;
const SEED = Number(process.env['FUZZ_SEED'] ?? 7540);

/** A generator of numbers from 0 to below `limit`, the same for the same seed (mulberry32). */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

type Random = (limit: number) => number;

const noise = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random(256)));

/** Frames as a bad peer sends them: good ones, wrong ones, and noise. */
function nextFrame(random: Random, good: () => Buffer): Buffer {
  const streamId = random(12);
  switch (random(40)) {
    case 0:
      return requestHeaders(2 * random(20) + 1);
    case 1:
      return messageData(2 * random(20) + 1, noise(random, random(300)));
    case 2:
      return frame(FRAME.HEADERS, random(256), streamId, Buffer.concat([requestBlock(), noise(random, 8)]));
    case 3:
      return frame(FRAME.CONTINUATION, FLAG.END_HEADERS, streamId, noise(random, random(30)));
    case 4:
      return frame(FRAME.DATA, random(256), streamId, noise(random, random(50)));
    case 5:
      return frame(FRAME.SETTINGS, random(2), 0, noise(random, 6 * random(4)));
    case 6:
      return frame(FRAME.WINDOW_UPDATE, 0, streamId, uint32(random(3) === 0 ? 2 ** 31 - 1 : random(70_000)));
    case 7:
      return frame(FRAME.RST_STREAM, 0, streamId, uint32(random(16)));
    case 8:
      return frame(FRAME.PING, random(2), 0, Buffer.alloc(8));
    case 9:
      return frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(random(12)), uint32(random(16))]));
    case 10:
      return frame(random(256), random(256), streamId, noise(random, random(40)));
    case 11:
      return frame(FRAME.HEADERS, 5, streamId, answerBlock(random));
    default:
      return good();
  }
}

function answerBlock(random: Random): Buffer {
  const fields = { ':status': '200', 'content-type': 'application/grpc', 'grpc-status': String(random(17)) };
  return new HpackEncoder().encode(
    Object.entries(fields).map(([name, value]) => ({ name, value, indexing: 'plain' as const })),
  );
}

/** A whole call, of the stream that is `index` streams after those that bad frames are about. */
function goodCall(random: Random, index: number): Buffer {
  const streamId = 2 * index + 41;
  return Buffer.concat([requestHeaders(streamId), messageData(streamId, noise(random, random(500)))]);
}

/** The answer, or its refusal, to one of the first four calls of a connection. */
function goodAnswer(random: Random, index: number): Buffer {
  const streamId = 2 * (index % 4) + 1;
  if (random(2) === 0) {
    return frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, streamId, answerBlock(random));
  }
  const message = messageData(streamId, noise(random, random(500)));
  message[4] = 0;
  return Buffer.concat([
    frame(FRAME.HEADERS, FLAG.END_HEADERS, streamId, ANSWER_HEADERS),
    message,
    frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, streamId, OK_TRAILERS),
  ]);
}

/** What a bad peer sends: frames, some of whose bits are turned. */
function badTraffic(random: Random, good: (random: Random, index: number) => Buffer): Buffer {
  const frames = [frame(FRAME.SETTINGS, 0, 0)];
  for (let count = 0, most = random(30); count < most; count += 1) {
    frames.push(nextFrame(random, () => good(random, count)));
  }
  const bytes = Buffer.concat(frames);
  for (let flips = random(2); flips > 0; flips -= 1) bytes[random(bytes.length)]! ^= 1 << random(8);
  return bytes;
}

/** The code of a call that fails, or what else became of it. */
function outcomeOf({ promise }: ClientCall): Promise<string> {
  return promise.then(
    () => 'OK',
    (error: unknown) => (error instanceof GrpcError ? String(error.status.code) : String(error)),
  );
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Writes all, and waits until the other side has read it or is gone. */
async function feed(socket: Duplex, bytes: Buffer): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.end(bytes, () => resolve());
  });
  for (let turns = 0; turns < 4; turns += 1) await turn();
}

it('a server is not harmed by what a bad client sends', { timeout: TIMEOUT_MS }, async () => {
  const random = randomFrom(SEED);
  let handled = 0;
  const echo: UnaryHandler = ({ message }) => {
    handled += 1;
    return message;
  };
  const methods = new Map([[PATH, echo]]);
  const limits = serverLimits({ methods, maxReceiveBytes: 10_000 });
  const memory = new ServerMemory(limits.memoryBytes);
  const reasons = new Map<string, number>();
  for (let run = 0; run < RUNS; run += 1) {
    const [near, far] = cutPair([1 + random(50), 1 + random(2000)]);
    new ServerConnection(far as Socket, {
      methods,
      limits,
      memory,
      onRefused: () => undefined,
      onAnswerLost: () => undefined,
      onEnded: (reason) => reasons.set(reason, (reasons.get(reason) ?? 0) + 1),
      onClosed: () => undefined,
    });
    const preface = random(20) === 0 ? noise(random, 24) : PREFACE;
    await feed(near, Buffer.concat([preface, badTraffic(random, goodCall)]));
    far.destroy();
    near.destroy();
    await turn();
    expect([run, memory.bytes]).toEqual([run, 0]);
  }
  expect(reasons.get('internal')).toBeUndefined();
  expect(handled).toBeGreaterThan(RUNS / 10);
  // The traffic is such that it comes as far as that.
  expect([...reasons.keys()].sort()).toEqual(
    expect.arrayContaining(['compression', 'flow_control', 'frame_size', 'preface', 'protocol']),
  );
});

it('a client is not harmed by what a bad server sends, and every call has its end', {
  timeout: TIMEOUT_MS,
}, async () => {
  const random = randomFrom(SEED);
  const outcomes = new Set<string>();
  for (let run = 0; run < RUNS; run += 1) {
    const [near, far] = cutPair([1 + random(50), 1 + random(2000)]);
    const calls: Promise<string>[] = [];
    const owner = {
      dispatch: (call: ClientCall) => call.fail(new GrpcError({ code: 14, message: 'not taken' })),
      onSettled: () => undefined,
    };
    const connection: ClientConnection = new ClientConnection(
      near as Socket,
      { scheme: 'http', authority: 'localhost', userAgent: 'test', maxReceiveBytes: 10_000, keepalive: {} },
      {
        onReady: () => {
          for (let count = 0; count < 4; count += 1) {
            const call = new ClientCall({ path: PATH, message: [Buffer.alloc(random(100))] }, owner);
            calls.push(outcomeOf(call));
            if (connection.hasRoom) connection.send(call);
            else owner.dispatch(call);
          }
        },
        onRoom: () => undefined,
        onRetired: () => undefined,
        onClosed: () => undefined,
      },
    );
    await feed(far, badTraffic(random, goodAnswer));
    connection.destroy(new Error('done'));
    far.destroy();
    for (const outcome of await Promise.all(calls)) {
      expect(outcome).toMatch(/^(OK|-?\d+)$/);
      outcomes.add(outcome);
    }
  }
  expect(outcomes.size).toBeGreaterThan(3);
});

it('a header block is fields or an error, and what was encoded is read as it was', {
  timeout: TIMEOUT_MS,
}, () => {
  const random = randomFrom(SEED);
  const kinds: readonly Indexing[] = ['indexed', 'plain', 'secret'];
  for (let run = 0; run < RUNS * 10; run += 1) {
    const decoder = new HpackDecoder(65_536);
    const encoder = new HpackEncoder();
    for (let block = 0; block < 5; block += 1) {
      if (random(4) === 0) encoder.setTableSize(random(5000));
      const fields = Array.from({ length: random(6) }, () => ({
        name: `x-${random(8)}`,
        value: noise(random, random(40)).toString('latin1'),
        indexing: kinds[random(3)]!,
      }));
      const bytes = encoder.encode(fields);
      const read: HeaderField[] = [];
      decoder.decode(bytes, 0, bytes.length, read);
      expect(read.map(({ name, value }) => [name, value])).toEqual(
        fields.map(({ name, value }) => [name, value]),
      );
      if (bytes.length > 0) bytes[random(bytes.length)]! ^= 1 << random(8);
      try {
        new HpackDecoder(65_536).decode(bytes, 0, bytes.length, []);
      } catch (error) {
        expect(error).toBeInstanceOf(HpackError);
      }
    }
  }
});

/** What clients of gRPC do that they should not. */
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { numberedBatch } from '@tributary/testkit';
import { GRPC_METHODS } from './good-client.ts';
import { ANSWER_MS, expectThat, type Mischief, standstill } from './mischief.ts';
import { RawClient } from './raw-client.ts';
import { MAX_REQUEST_BYTES, type Target } from './subject.ts';
import {
  beginning,
  callBlock,
  callHeaders,
  callMessage,
  END_HEADERS,
  FRAME,
  frame,
  PREFACE,
  times,
  uint32,
} from './wire.ts';

const PATH = GRPC_METHODS.logs;
const CANCEL = 8;
const GOOD = numberedBatch('logs', [0]).toBytes();
const HALF_MESSAGE = frame(
  FRAME.DATA,
  0,
  1,
  Buffer.concat([Buffer.from([0]), uint32(50_000), Buffer.alloc(9000)]),
);
/** Long enough for the server to have read what was sent, on a machine that has other work. */
const READ_MS = 2000;
/** What becomes of a connection on which no PING is answered, if it stands long enough. */
const KEEPALIVE = { 'ended/keepalive': 1 };
const CUT_OFF = { 'refused/grpc/aborted': 1, ...KEEPALIVE };

async function begin(target: Target, initialWindowBytes?: number): Promise<RawClient> {
  const client = await RawClient.open(target);
  await client.send(beginning(initialWindowBytes));
  return client;
}

/** A call that must be answered, whatever the answer. */
function refusal(
  name: string,
  reason: string,
  message: () => Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Mischief {
  return {
    name,
    counted: [`refused/grpc/${reason}`],
    run: async (target) => {
      const client = await begin(target);
      const isCompressed = 'grpc-encoding' in headers;
      await client.send(callHeaders(1, PATH, headers), callMessage(1, message(), isCompressed));
      await client.wait(() => client.answeredCalls > 0, ANSWER_MS);
      expectThat(client.answeredCalls === 1, `${name}: no answer`);
      await client.leave();
    },
  };
}

/** Frames for which the connection must be closed. */
function flood(reason: string, name: string, frames: () => Buffer, abortedCalls = 0): Mischief {
  return {
    name,
    counted: [`ended/${reason}`],
    maybeCounted: { 'refused/grpc/aborted': abortedCalls },
    run: async (target) => {
      const client = await begin(target);
      await client.send(frames());
      expectThat(await client.stay(ANSWER_MS), `${name}: the connection is still open`);
      client.reset();
    },
  };
}

export const GRPC_MISCHIEF: readonly Mischief[] = [
  standstill('says nothing', { 'ended/preface': 1 }, []),
  standstill('stops in its preface', { 'ended/preface': 1 }, [PREFACE.subarray(0, 9)]),
  standstill('leaves a stream open', CUT_OFF, [beginning(), callHeaders(1, PATH)]),
  standstill('stops in a message', CUT_OFF, [beginning(), callHeaders(1, PATH), HALF_MESSAGE]),
  standstill('stops in a frame', { 'ended/stalled': 1, ...KEEPALIVE }, [
    beginning(),
    callHeaders(1, PATH).subarray(0, 20),
  ]),
  standstill('has no room for answers', CUT_OFF, [beginning(0), callHeaders(1, PATH), callMessage(1, GOOD)]),
  {
    name: 'leaves a hundred streams open',
    maybeCounted: { 'refused/grpc/aborted': 100, ...KEEPALIVE },
    run: async (target, { stallMs }) => {
      const client = await begin(target);
      await client.send(times(100, (index) => callHeaders(2 * index + 1, PATH)));
      await client.stay(stallMs / 4);
      client.reset();
    },
  },
  {
    name: 'connects and goes',
    run: async (target, { random }) => {
      const client = await begin(target);
      if (random(2) === 0) client.reset();
      else await client.leave();
    },
  },
  {
    name: 'goes in the middle of a message',
    counted: ['refused/grpc/aborted'],
    run: async (target) => {
      const client = await begin(target);
      await client.send(callHeaders(1, PATH), HALF_MESSAGE);
      await delay(READ_MS);
      client.reset();
    },
  },
  {
    name: 'gives a call up',
    counted: ['refused/grpc/aborted'],
    run: async (target) => {
      const client = await begin(target);
      await client.send(callHeaders(1, PATH), HALF_MESSAGE, frame(FRAME.RST_STREAM, 0, 1, uint32(CANCEL)));
      await delay(READ_MS);
      await client.leave();
    },
  },
  {
    name: 'goes before it has its answers',
    maybeCounted: { 'refused/grpc/aborted': 20 },
    run: async (target) => {
      const client = await begin(target);
      await client.send(
        times(20, (index) =>
          Buffer.concat([callHeaders(2 * index + 1, PATH), callMessage(2 * index + 1, GOOD)]),
        ),
      );
      client.reset();
    },
  },
  {
    name: 'reads no answers',
    maybeCounted: { 'ended/stalled': 1, ...CUT_OFF },
    run: async (target, { stallMs }) => {
      const client = await begin(target);
      client.socket.pause();
      await client.send(
        times(150, (index) =>
          Buffer.concat([callHeaders(2 * index + 1, PATH), callMessage(2 * index + 1, GOOD)]),
        ),
      );
      await delay(stallMs / 4);
      client.reset();
    },
  },
  {
    name: 'speaks HTTP/1',
    counted: ['ended/preface'],
    run: async (target) => {
      const client = await RawClient.open(target);
      await client.send(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
      await client.stay(ANSWER_MS);
      expectThat(client.heard('505'), 'speaks HTTP/1: no answer');
      client.reset();
    },
  },
  {
    name: 'sends noise',
    maybeCounted: {
      'ended/frame_size': 1,
      'ended/protocol': 1,
      'ended/flow_control': 1,
      'ended/compression': 1,
    },
    run: async (target, { random }) => {
      const client = await begin(target);
      await client.send(Buffer.from(Array.from({ length: 2000 }, () => random(256))));
      await client.stay(1000);
      client.reset();
    },
  },
  refusal('sends what is not OTLP', 'malformed', () => Buffer.from('ff0102', 'hex')),
  refusal('sends too much', 'too_large', () => Buffer.alloc(MAX_REQUEST_BYTES + 1)),
  refusal('sends a bomb', 'too_large', () => gzipSync(Buffer.alloc(20 * MAX_REQUEST_BYTES)), {
    'grpc-encoding': 'gzip',
  }),
  refusal('says gzip and sends none', 'compression', () => Buffer.from('none'), { 'grpc-encoding': 'gzip' }),
  flood(
    'reset_flood',
    'opens and resets',
    () =>
      times(3000, (index) =>
        Buffer.concat([
          callHeaders(2 * index + 1, PATH),
          frame(FRAME.RST_STREAM, 0, 2 * index + 1, uint32(CANCEL)),
        ]),
      ),
    3000,
  ),
  flood('continuation_flood', 'has headers without end', () =>
    Buffer.concat([
      frame(FRAME.HEADERS, 0, 1, callBlock(PATH)),
      times(100, () => frame(FRAME.CONTINUATION, 0, 1)),
    ]),
  ),
  flood('settings_flood', 'floods with SETTINGS', () => times(1000, () => frame(FRAME.SETTINGS, 0, 0))),
  flood('ping_flood', 'floods with PING', () =>
    times(20_000, () => frame(FRAME.PING, 0, 0, Buffer.alloc(8))),
  ),
  flood(
    'empty_frame_flood',
    'floods with empty DATA',
    () => Buffer.concat([callHeaders(1, PATH), times(20_000, () => frame(FRAME.DATA, 0, 1))]),
    1,
  ),
  flood('control_frame_flood', 'floods with WINDOW_UPDATE', () =>
    times(30_000, () => frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1))),
  ),
  flood('flow_control', 'overflows the window', () => frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1))),
  flood('compression', 'breaks its header block', () =>
    frame(FRAME.HEADERS, END_HEADERS, 1, Buffer.from('ffff', 'hex')),
  ),
  flood('frame_size', 'sends a frame that is too large', () =>
    Buffer.concat([uint32(0x7fffff00), Buffer.alloc(5)]),
  ),
];

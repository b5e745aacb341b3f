/**
 * The ways that are known to keep a server of HTTP/2 busy for nothing, each with its limit: the client is sent away
 * with its reason counted, the process takes no memory that it does not give back, and other clients are served all the
 * while.
 */
import { describe, expect, it } from 'vitest';
import type { EndReason } from '../../src/http2/connection-error.ts';
import { ERROR_CODE, FLAG, FRAME, SETTING } from '../../src/http2/protocol.ts';
import { encodeSettings } from '../../src/http2/settings.ts';
import type { GrpcServerOptions, RefusalReason, UnaryHandler } from '../../src/transport.ts';
import { dial, echo, HELLO, PATH, serve } from '../dial.ts';
import { frame, messageData, requestBlock, requestHeaders, uint32 } from './frames.ts';
import { RawPeer } from './raw-peer.ts';

const MIB = 1024 * 1024;
const LARGEST_WINDOW = 2 ** 31 - 1;
/**
 * CPU time, of this process with both ends in it, however long it waits for a CPU. Whatever takes quadratic time takes
 * far more.
 */
const MAX_FLOOD_CPU_SECONDS = 10;

async function start(options: Partial<GrpcServerOptions> = {}, handler: UnaryHandler = echo) {
  const ended: EndReason[] = [];
  const refused: RefusalReason[] = [];
  const lost = { count: 0 };
  const port = await serve(handler, {
    maxReceiveBytes: MIB,
    onEnded: (reason) => ended.push(reason),
    onRefused: (reason) => refused.push(reason),
    onAnswerLost: () => {
      lost.count += 1;
    },
    ...options,
  });
  const other = dial(port);
  const serves = async () =>
    Buffer.from(await other.call({ path: PATH, message: [HELLO] })).toString() === 'hello';
  return { port, ended, refused, lost, serves, peer: new RawPeer(port) };
}

/** The same frame many times, in one piece. */
const times = (count: number, bytes: (index: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => bytes(index)));

const FLOODS: readonly (readonly [name: string, reason: EndReason, code: number, flood: () => Buffer])[] = [
  [
    'streams opened and reset',
    'reset_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () =>
      times(3000, (index) =>
        Buffer.concat([
          requestHeaders(2 * index + 1),
          frame(FRAME.RST_STREAM, 0, 2 * index + 1, uint32(ERROR_CODE.CANCEL)),
        ]),
      ),
  ],
  [
    'streams that the server is made to reset',
    'reset_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () =>
      times(3000, (index) =>
        Buffer.concat([
          requestHeaders(2 * index + 1),
          frame(FRAME.WINDOW_UPDATE, 0, 2 * index + 1, uint32(0)),
        ]),
      ),
  ],
  [
    'headers that are refused',
    'reset_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () => times(3000, (index) => requestHeaders(2 * index + 1, { connection: 'close' })),
  ],
  [
    'a header block without end',
    'continuation_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () =>
      Buffer.concat([
        frame(FRAME.HEADERS, 0, 1, requestBlock()),
        times(20, () => frame(FRAME.CONTINUATION, 0, 1, Buffer.alloc(16_384))),
      ]),
  ],
  [
    'a header block of empty frames',
    'continuation_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () =>
      Buffer.concat([
        frame(FRAME.HEADERS, 0, 1, requestBlock()),
        times(10_000, () => frame(FRAME.CONTINUATION, 0, 1)),
      ]),
  ],
  [
    'SETTINGS',
    'settings_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () => times(1000, () => frame(FRAME.SETTINGS, 0, 0)),
  ],
  [
    'PING',
    'ping_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () => times(20_000, () => frame(FRAME.PING, 0, 0, Buffer.alloc(8))),
  ],
  [
    'DATA of nothing',
    'empty_frame_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () => Buffer.concat([requestHeaders(1), times(20_000, () => frame(FRAME.DATA, 0, 1))]),
  ],
  [
    'WINDOW_UPDATE',
    'control_frame_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () => times(50_000, () => frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1))),
  ],
  [
    'PRIORITY',
    'control_frame_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () => times(50_000, () => frame(FRAME.PRIORITY, 0, 3, Buffer.alloc(5))),
  ],
  [
    'frames that nobody knows',
    'control_frame_flood',
    ERROR_CODE.ENHANCE_YOUR_CALM,
    () => times(50_000, () => frame(0xfe, 0, 0, Buffer.alloc(10))),
  ],
  [
    'a window that overflows',
    'flow_control',
    ERROR_CODE.FLOW_CONTROL_ERROR,
    () => frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(LARGEST_WINDOW)),
  ],
];

describe('a flood of', () => {
  it.each(FLOODS)('%s ends the connection, with the reason told', async (_name, reason, code, flood) => {
    const { ended, peer, serves } = await start();
    await peer.begin();
    const bytes = flood();
    const before = process.memoryUsage().rss;
    const cpu = process.cpuUsage();
    const sending = peer.send(bytes);
    expect(await serves()).toBe(true);
    await expect.poll(() => [peer.goawayCode, ended]).toEqual([code, [reason]]);
    peer.socket.end();
    await Promise.all([sending, peer.closed]);
    expect(await serves()).toBe(true);
    // The flood itself, which is kept by this test, is a part of it.
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1e6).toBeLessThan(MAX_FLOOD_CPU_SECONDS);
  });
});

describe('a client', () => {
  it('whose header fields are small on the wire and large when they are read is refused, call by call', async () => {
    const { peer, serves, ended, refused } = await start();
    await peer.begin();
    // One field of 4000 bytes into the table, and then two thousand times by its index.
    const name = Buffer.from('400178', 'hex');
    const value = Buffer.concat([Buffer.from([0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, 0x61)]);
    const bomb = Buffer.concat([requestBlock(), name, value, Buffer.alloc(8000, 0xbe)]);
    const before = process.memoryUsage().rss;
    for (let call = 0; call < 100; call += 1) {
      await peer.send(frame(FRAME.HEADERS, FLAG.END_HEADERS, 2 * call + 1, bomb), messageData(2 * call + 1));
    }
    await expect.poll(() => refused.length).toBe(100);
    expect([new Set(refused), ended, await serves()]).toEqual([new Set(['too_large']), [], true]);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
  });

  it('that fills the table of headers anew with each request is answered, and takes no memory', async () => {
    const { peer, serves, ended } = await start();
    await peer.begin();
    const before = process.memoryUsage().rss;
    const cpu = process.cpuUsage();
    // Four fields of 1,000 bytes, each of which is put into the table and drives another out of it.
    const field = (index: number) =>
      Buffer.concat([
        Buffer.from([0x40, 2, 0x78, 0x61 + (index % 26), 0x7f, 0xe9, 0x06]),
        Buffer.alloc(1000, 0x61 + (index % 26)),
      ]);
    const sizes = Buffer.from('203fe11f', 'hex');
    for (let call = 0; call < 500; call += 1) {
      const block = Buffer.concat([
        sizes,
        requestBlock(),
        ...[0, 1, 2, 3].map((index) => field(4 * call + index)),
      ]);
      await peer.send(
        frame(FRAME.HEADERS, FLAG.END_HEADERS, 2 * call + 1, block),
        messageData(2 * call + 1, HELLO),
      );
    }
    const answered = () => peer.frames.filter(({ type }) => type === FRAME.DATA).length;
    await expect.poll(answered).toBe(500);
    expect([ended, await serves()]).toEqual([[], true]);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1e6).toBeLessThan(MAX_FLOOD_CPU_SECONDS);
  });

  it('that leaves its messages half sent takes no more memory than they may, and others go on', async () => {
    const { peer, port, refused, serves } = await start({ maxBufferedBytes: 2 * MIB });
    await peer.begin();
    const half = Buffer.concat([Buffer.from([0]), uint32(MIB), Buffer.alloc(16_000)]);
    for (let call = 0; call < 400; call += 1) {
      await peer.send(requestHeaders(2 * call + 1), frame(FRAME.DATA, 0, 2 * call + 1, half));
    }
    await expect.poll(() => refused.length).toBeGreaterThan(200);
    expect(new Set(refused)).toEqual(new Set(['memory']));
    // What is there still counts until it is given up: those who come first are asked to wait.
    peer.socket.destroy();
    await expect.poll(async () => await serves()).toBe(true);
    const large = Buffer.alloc(MIB);
    const answer = await dial(port).call({ path: PATH, message: [large] });
    expect(answer.length).toBe(MIB);
  });

  it.each([
    ['opens a stream and leaves it', () => requestHeaders(1)],
    [
      'stops in the middle of a message',
      () => Buffer.concat([requestHeaders(1), frame(FRAME.DATA, 0, 1, Buffer.from([0, 0, 0, 0, 9, 1]))]),
    ],
  ])('that %s is told so after some time', async (_, bytes) => {
    const { peer, refused, serves } = await start({ stallTimeoutMs: 100 });
    await peer.begin();
    await peer.send(bytes());
    await expect.poll(() => peer.frames.find(({ type }) => type === FRAME.HEADERS)?.streamId).toBe(1);
    expect([refused, peer.resets]).toEqual([['aborted'], { 1: ERROR_CODE.NO_ERROR }]);
    expect(await serves()).toBe(true);
  });

  it.each([
    ['does not begin', () => Buffer.alloc(0), 'preface'],
    ['stops in its preface', () => Buffer.from('PRI * HT'), 'preface'],
  ])('that %s is sent away after some time', async (_, bytes, reason) => {
    const { peer, ended } = await start({ prefaceTimeoutMs: 100 });
    await peer.send(bytes());
    await peer.closed;
    expect(ended).toEqual([reason]);
  });

  it('that stops in the middle of a frame is sent away after some time', async () => {
    const { peer, ended } = await start({ stallTimeoutMs: 100 });
    await peer.begin();
    await peer.send(requestHeaders(1).subarray(0, 20));
    await expect.poll(() => peer.goawayCode).toBe(ERROR_CODE.CANCEL);
    expect(ended).toEqual(['stalled']);
  });

  it('whose trailers come after its refusal, when the server has looked at the connection since, goes on', async () => {
    const { peer } = await start({ keepalive: { timeMs: 40, timeoutMs: 600_000 } });
    await peer.begin();
    await peer.send(requestHeaders(1, { ':path': '/none' }));
    await expect.poll(() => peer.frames.some(({ streamId }) => streamId === 1)).toBe(true);
    // It looks when it pings, and lets go of what streams need while there are none.
    await expect.poll(() => peer.wasPinged).toBe(true);
    const trailers = frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, requestBlock());
    await peer.send(trailers, requestHeaders(3), messageData(3, HELLO));
    await expect
      .poll(() => peer.frames.some(({ type, streamId }) => type === FRAME.DATA && streamId === 3))
      .toBe(true);
    expect(peer.goawayCode).toBeUndefined();
  });

  it('that gives its answers no room loses them after some time, and they are counted', async () => {
    const { peer, lost, ended, refused, serves } = await start({ stallTimeoutMs: 100 });
    await peer.begin(encodeSettings([[SETTING.INITIAL_WINDOW_SIZE, 0]]));
    await peer.send(requestHeaders(1), messageData(1, HELLO), requestHeaders(3), messageData(3, HELLO));
    await expect.poll(() => peer.resets).toEqual({ 1: ERROR_CODE.CANCEL, 3: ERROR_CODE.CANCEL });
    expect([lost.count, ended, refused, await serves()]).toEqual([2, [], [], true]);
  });

  it('that gives an answer no room until its deadline is over loses it, and it is counted', async () => {
    const { peer, lost, ended, refused, serves } = await start();
    await peer.begin(encodeSettings([[SETTING.INITIAL_WINDOW_SIZE, 0]]));
    await peer.send(requestHeaders(1, { 'grpc-timeout': '10m' }), messageData(1, HELLO));
    await expect.poll(() => peer.resets).toEqual({ 1: ERROR_CODE.CANCEL });
    const heads = peer.frames.filter(({ type }) => type === FRAME.HEADERS);
    expect([heads.length, lost.count, ended, refused, await serves()]).toEqual([1, 1, [], [], true]);
  });

  it('that gives thousands of answers no room takes no memory that is not given back', async () => {
    const calls = times(3000, (index) =>
      Buffer.concat([requestHeaders(2 * index + 1), messageData(2 * index + 1, HELLO)]),
    );
    const { peer, lost, ended, serves } = await start({ stallTimeoutMs: 1000 });
    await peer.begin(encodeSettings([[SETTING.INITIAL_WINDOW_SIZE, 0]]));
    const before = process.memoryUsage().rss;
    const cpu = process.cpuUsage();
    await peer.send(calls);
    await expect.poll(() => [lost.count, Object.keys(peer.resets).length]).toEqual([3000, 3000]);
    expect([ended, await serves()]).toEqual([[], true]);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1e6).toBeLessThan(MAX_FLOOD_CPU_SECONDS);
  });

  it('that reads no answers makes the server hold no more than some of them', async () => {
    let handled = 0;
    const answer = Buffer.alloc(60_000);
    const { peer, serves } = await start({}, ({ message }) => {
      if (message.length > 0) return message;
      handled += 1;
      return answer;
    });
    await peer.begin(encodeSettings([[SETTING.INITIAL_WINDOW_SIZE, LARGEST_WINDOW]]));
    await peer.send(frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(LARGEST_WINDOW - 65_535)));
    peer.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let call = 0; call < 4000; call += 1) {
      peer.socket.write(Buffer.concat([requestHeaders(2 * call + 1), messageData(2 * call + 1)]));
    }
    await expect.poll(() => handled).toBeGreaterThan(10);
    expect(await serves()).toBe(true);
    expect(handled).toBeLessThan(4000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
  });

  it('that resets calls at work may have no more of them at work than it may have open', async () => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    let working = 0;
    const { peer, serves } = await start({ maxConcurrentStreams: 10 }, ({ message }) => {
      if (message.length > 0) return message;
      working += 1;
      return promise;
    });
    await peer.begin();
    for (let call = 0; call < 50; call += 1) {
      const streamId = 2 * call + 1;
      await peer.send(
        requestHeaders(streamId),
        messageData(streamId),
        frame(FRAME.RST_STREAM, 0, streamId, uint32(ERROR_CODE.CANCEL)),
      );
    }
    await expect.poll(() => Object.keys(peer.resets).length).toBe(40);
    expect([working, new Set(Object.values(peer.resets)), await serves()]).toEqual([
      10,
      new Set([ERROR_CODE.REFUSED_STREAM]),
      true,
    ]);
    resolve(HELLO);
  });
});

import { createHash } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { FrameReader } from '../../src/http2/frame-reader.ts';
import { ERROR_CODE, FLAG, FRAME, FRAME_HEAD_BYTES, SETTING } from '../../src/http2/protocol.ts';
import type { UnaryHandler } from '../../src/transport.ts';
import { serve } from '../dial.ts';
import { frame, messageData, requestHeaders, uint32 } from './frames.ts';
import { RawPeer } from './raw-peer.ts';

/** What the server allows once it has had a message that did not fit into a frame. */
const LARGEST = 131_072;
const PATIENCE = { timeout: 20_000 };

/** A connection on which a message has come, of so many bytes, in frames of the usual size. */
async function connected(messageBytes: number): Promise<RawPeer> {
  const digest: UnaryHandler = ({ message }) => createHash('sha256').update(message).digest();
  const peer = new RawPeer(await serve(digest, { maxReceiveBytes: 4 * LARGEST }));
  await peer.begin();
  const payload = messageData(1, Buffer.alloc(messageBytes)).subarray(FRAME_HEAD_BYTES);
  const half = payload.length / 2;
  await peer.send(
    requestHeaders(1),
    frame(FRAME.DATA, 0, 1, payload.subarray(0, half)),
    frame(FRAME.DATA, FLAG.END_STREAM, 1, payload.subarray(half)),
  );
  await answerOf(peer, 1);
  return peer;
}

/** What the server has said of the size of frames, in its order. */
function largestOf(peer: RawPeer): number[] {
  const settings = peer.frames.filter(({ type, flags }) => type === FRAME.SETTINGS && flags === 0);
  const pairs = settings.flatMap(({ payload }) =>
    Array.from({ length: payload.length / 6 }, (_, index) => payload.subarray(6 * index)),
  );
  return pairs
    .filter((pair) => pair.readUInt16BE() === SETTING.MAX_FRAME_SIZE)
    .map((pair) => pair.readUInt32BE(2));
}

/** Waits until a call was answered to its end; gives what its DATA holds. */
async function answerOf(peer: RawPeer, streamId: number): Promise<Buffer> {
  await vi.waitFor(() => {
    const ends = peer.frames.filter(
      (it) => it.type === FRAME.HEADERS && it.streamId === streamId && (it.flags & FLAG.END_STREAM) !== 0,
    );
    expect(ends).toHaveLength(1);
  }, PATIENCE);
  const data = peer.frames.filter((it) => it.type === FRAME.DATA && it.streamId === streamId);
  return Buffer.concat(data.map(({ payload }) => payload));
}

it('a server says how large frames may be, and takes them', async () => {
  const peer = await connected(20_000);
  const message = Buffer.alloc(LARGEST - 5, 'x');
  const data = messageData(3, message);
  expect(data.length).toBe(FRAME_HEAD_BYTES + LARGEST);
  await peer.send(requestHeaders(3), data.subarray(0, 100_000));
  await peer.send(data.subarray(100_000));
  const answer = await answerOf(peer, 3);
  expect(answer.subarray(5).equals(createHash('sha256').update(message).digest())).toBe(true);
  expect(largestOf(peer)).toEqual([LARGEST]);
});

it('a server that has had only small messages takes no large frames', async () => {
  const peer = await connected(1000);
  expect(largestOf(peer)).toEqual([]);
  await peer.send(requestHeaders(3), frame(FRAME.DATA, 0, 3, Buffer.alloc(16_385)));
  await vi.waitFor(() => expect(peer.goawayCode).toBe(ERROR_CODE.FRAME_SIZE_ERROR), PATIENCE);
});

it('HEADERS of 40 KB may be one frame, in whatever pieces it comes', async () => {
  const peer = await connected(20_000);
  const headers = requestHeaders(3, { 'x-large': 'a'.repeat(40_000) });
  for (let at = 0; at < headers.length; at += 7_001) await peer.send(headers.subarray(at, at + 7_001));
  await peer.send(messageData(3));
  expect(await answerOf(peer, 3)).toHaveLength(5 + 32);
});

it.each([
  ['DATA', FRAME.DATA],
  ['HEADERS', FRAME.HEADERS],
])('%s that are larger end the connection by their head', async (_name, type) => {
  const peer = await connected(20_000);
  await peer.send(requestHeaders(3), frame(type, 0, 3, Buffer.alloc(LARGEST + 1)).subarray(0, 20));
  await vi.waitFor(() => expect(peer.goawayCode).toBe(ERROR_CODE.FRAME_SIZE_ERROR), PATIENCE);
});

it('a frame that is only begun takes no more memory than has come of it', () => {
  const ignore = () => undefined;
  const handler = {
    onDataBegin: ignore,
    onDataPiece: ignore,
    onDataEnd: ignore,
    onFrame: ignore,
    onUnknownFrame: ignore,
  };
  const begun = frame(FRAME.HEADERS, 0, 1, Buffer.alloc(LARGEST)).subarray(0, FRAME_HEAD_BYTES + 100);
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 1000 }, () => {
    const reader = new FrameReader(handler, LARGEST);
    for (const byte of begun) reader.push(Buffer.from([byte]));
    return reader;
  });
  expect(readers.every(({ isInFrame }) => isInFrame)).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1000 * 8192);
});

it('what is kept of a frame is whole, however it is cut', () => {
  const payload = Buffer.concat(Array.from({ length: 20_000 }, (_, index) => uint32(index)));
  const bytes = frame(FRAME.HEADERS, FLAG.END_HEADERS, 1, payload);
  const taken: Buffer[] = [];
  const reader = new FrameReader(
    {
      onDataBegin: () => undefined,
      onDataPiece: () => undefined,
      onDataEnd: () => undefined,
      onFrame: (_type, _flags, _id, from, start, end) => taken.push(Buffer.from(from.subarray(start, end))),
      onUnknownFrame: () => undefined,
    },
    LARGEST,
  );
  for (const piece of [1, 8, 9, 10, 100, 4096, 65_536]) {
    for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  }
  expect(taken.map((it) => it.equals(payload))).toEqual(Array.from({ length: 7 }, () => true));
});

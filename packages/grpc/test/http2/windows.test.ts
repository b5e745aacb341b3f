import { expect, it, vi } from 'vitest';
import { DEFAULT_MAX_FRAME_BYTES, ERROR_CODE, FLAG, FRAME } from '../../src/http2/protocol.ts';
import { echo, serve } from '../dial.ts';
import { frame, messageData, requestHeaders, uint32 } from './frames.ts';
import { RawPeer } from './raw-peer.ts';

const MIB = 1024 * 1024;
const PATIENCE = { timeout: 20_000 };
/** A server that pings has looked at the connection, and lets go then of what streams need while there are none. */
const PINGS_SOON = { timeMs: 40, timeoutMs: 600_000 };

/** A message of zeros in frames of the usual size. */
function dataOf(streamId: number, contentBytes: number): Buffer {
  const payload = Buffer.concat([Buffer.from([0]), uint32(contentBytes), Buffer.alloc(contentBytes)]);
  const frames: Buffer[] = [];
  for (let at = 0; at < payload.length; at += DEFAULT_MAX_FRAME_BYTES) {
    const end = at + DEFAULT_MAX_FRAME_BYTES;
    const flags = end < payload.length ? 0 : FLAG.END_STREAM;
    frames.push(frame(FRAME.DATA, flags, streamId, payload.subarray(at, end)));
  }
  return Buffer.concat(frames);
}

/** How much room a stream was given while it sent; and that it was answered. */
async function roomGiven(peer: RawPeer, streamId: number): Promise<number> {
  await vi.waitFor(() => {
    const trailers = peer.frames.filter((it) => it.type === FRAME.HEADERS && it.streamId === streamId);
    expect(trailers.map(({ flags }) => flags & FLAG.END_STREAM)).toEqual([0, 1]);
  }, PATIENCE);
  const updates = peer.frames.filter((it) => it.type === FRAME.WINDOW_UPDATE && it.streamId === streamId);
  return updates.reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
}

it('a call is given more room if its message needs it, and not otherwise', async () => {
  const peer = new RawPeer(await serve(() => Buffer.alloc(0), { maxReceiveBytes: 4 * MIB }));
  await peer.begin();
  await peer.send(requestHeaders(1), dataOf(1, 700_000));
  const small = await roomGiven(peer, 1);
  await peer.send(requestHeaders(3), dataOf(3, 900_000).subarray(0, 600_000));
  await peer.send(dataOf(3, 900_000).subarray(600_000));
  const almostAll = await roomGiven(peer, 3);
  expect({ small, almostAll, errors: peer.goawayCode }).toEqual({
    small: 0,
    almostAll: 0,
    errors: undefined,
  });
});

it('a message of more than the window is waited for to its end', async () => {
  const peer = new RawPeer(await serve(() => Buffer.alloc(0), { maxReceiveBytes: 4 * MIB }));
  await peer.begin();
  const data = dataOf(1, 3 * MIB);
  const half = frame(FRAME.DATA, 0, 1).length + DEFAULT_MAX_FRAME_BYTES;
  await peer.send(requestHeaders(1));
  // A client that keeps to its window: so much at first, the rest as it is let.
  let sent = 0;
  await vi.waitFor(async () => {
    const updates = peer.frames.filter((it) => it.type === FRAME.WINDOW_UPDATE && it.streamId === 1);
    const window = updates.reduce((sum, { payload }) => sum + payload.readUInt32BE(), MIB);
    const end = Math.min(data.length, Math.floor(window / DEFAULT_MAX_FRAME_BYTES) * half);
    if (end > sent) {
      const part = data.subarray(sent, end);
      sent = end;
      await peer.send(part);
    }
    expect(sent).toBe(data.length);
  }, PATIENCE);
  expect(await roomGiven(peer, 1)).toBeGreaterThanOrEqual(2 * MIB);
});

it('a connection that was idle takes late frames of the calls before, and other calls', async () => {
  const peer = new RawPeer(await serve(echo, { keepalive: PINGS_SOON }));
  await peer.begin();
  await peer.send(requestHeaders(1), messageData(1, Buffer.from('first')));
  await roomGiven(peer, 1);
  await vi.waitFor(() => expect(peer.wasPinged).toBe(true), PATIENCE);
  await peer.send(frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(1)));
  await peer.send(frame(FRAME.RST_STREAM, 0, 1, uint32(ERROR_CODE.CANCEL)));
  await peer.send(requestHeaders(3), messageData(3, Buffer.from('second')));
  await roomGiven(peer, 3);
  expect(peer.goawayCode).toBe(undefined);
});

/**
 * What it costs to receive messages from a socket, by how they are kept: in the chunks that Node reads (cut at the borders of frames of
 * 16 KiB, as HTTP/2 brings them), joined from these, or copied from one buffer that every read uses. CPU microseconds a message of
 * the whole process that receives, the kernel's included, which is another one than that which sends. The ways take turns; the
 * fastest and the median of the rounds are printed.
 *
 *     node bench/micro/socket-reads.ts [BYTES …]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { madeBuffers, withSharedReads } from '@tributary/core';

const WAYS = ['chunks kept', 'chunks joined', 'shared buffer'] as const;
type Way = (typeof WAYS)[number];

const FRAME_BYTES = 16_384;
const CONNECTIONS = 4;
/** So many messages are still in use. */
const KEPT = 8;
const ROUNDS = 9;
const ROUND_MS = 350;

interface Progress {
  readonly messages: number;
  readonly cpuUs: number;
}

/** Receives messages of one size, one after the other on each connection, and tells how many when asked. */
function receive(way: Way, messageBytes: number): void {
  let messages = 0;
  const kept: unknown[] = new Array(KEPT);
  const take = (accepted: Socket): void => {
    const socket = way === 'shared buffer' ? withSharedReads(accepted) : accepted;
    let bytes = 0;
    let pieces: Buffer[] = [];
    let content = Buffer.alloc(0);
    const takePiece = (chunk: Buffer, from: number, to: number): void => {
      if (way === 'shared buffer') {
        if (bytes === 0) {
          content = Buffer.allocUnsafeSlow(messageBytes);
          madeBuffers(messageBytes);
        }
        chunk.copy(content, bytes, from, to);
      } else pieces.push(chunk.subarray(from, to));
    };
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      if (way !== 'shared buffer') madeBuffers(chunk.length);
      for (let at = 0; at < chunk.length; ) {
        const length = Math.min(chunk.length - at, messageBytes - bytes, FRAME_BYTES - (bytes % FRAME_BYTES));
        takePiece(chunk, at, at + length);
        bytes += length;
        at += length;
        if (bytes < messageBytes) continue;
        if (way === 'chunks joined') {
          content = Buffer.concat(pieces);
          madeBuffers(messageBytes);
        }
        kept[messages % KEPT] = way === 'chunks kept' ? pieces : content;
        messages += 1;
        bytes = 0;
        pieces = [];
      }
    });
    socket.resume();
  };
  const server = createServer({ pauseOnConnect: way === 'shared buffer' }, take);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' ? address?.port : 0);
  });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ messages, cpuUs: user + system } satisfies Progress);
  });
}

function next<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once('message', (message) => resolve(message as T)));
}

function progressOf(child: ChildProcess): Promise<Progress> {
  const answer = next<Progress>(child);
  child.send('progress');
  return answer;
}

async function measure(child: ChildProcess, port: number, message: Buffer): Promise<number> {
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    const socket = connect(port, '127.0.0.1');
    const fill = (): void => {
      while (!socket.destroyed && socket.write(message));
    };
    socket
      .on('error', () => undefined)
      .on('connect', fill)
      .on('drain', fill);
    return socket;
  });
  await sleep(ROUND_MS);
  const before = await progressOf(child);
  await sleep(ROUND_MS);
  const after = await progressOf(child);
  for (const socket of sockets) socket.destroy();
  return (after.cpuUs - before.cpuUs) / (after.messages - before.messages);
}

async function compare(messageBytes: number): Promise<void> {
  const message = Buffer.alloc(messageBytes);
  const receivers = await Promise.all(
    WAYS.map(async (way) => {
      const child = fork(fileURLToPath(import.meta.url), [way, String(messageBytes)]);
      return { way, child, port: await next<number>(child), results: [] as number[] };
    }),
  );
  // The first round is there for V8.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { child, port, results } of receivers) {
      const us = await measure(child, port, message);
      if (round > 0) results.push(us);
    }
  }
  for (const { way, child, results } of receivers) {
    child.kill();
    results.sort((a, b) => a - b);
    const [best, median] = [results[0] ?? NaN, results[ROUNDS >> 1] ?? NaN];
    console.log(
      `${messageBytes} bytes, ${way.padEnd(14)} ${best.toFixed(0)} us, median ${median.toFixed(0)} us`,
    );
  }
}

const [first, second] = process.argv.slice(2);
const way = WAYS.find((each) => each === first);
if (way !== undefined) receive(way, Number(second));
else {
  const sizes = process.argv.slice(2).map(Number);
  for (const size of sizes.length > 0 ? sizes : [71_000, 712_000]) await compare(size);
}

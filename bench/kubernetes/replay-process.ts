/**
 * Tells a recording of pods (recording.ts) to whoever watches them, over TLS, as an API server would. Its arguments: the recording, and a file
 * with a certificate and its key. Told `port` it says where it listens; told a number, it sends so many changes, evenly at
 * the pace of `CHANGES_A_SECOND`, and says how many seconds that took.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer, type TLSSocket } from 'node:tls';
import { CHANGES_A_SECOND } from './pace.ts';
import { endsList, framesOf } from './recording.ts';

/** Of Go's net/http: what a handler writes is gathered up to the first before it becomes a chunk, chunks up to the second. */
const CHUNK_BYTES = 2048;
const WRITE_BYTES = 4096;
const HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.kubernetes.protobuf;stream=watch\r\nTransfer-Encoding: chunked\r\n\r\n';

const [, , recording = '', pem = ''] = process.argv;
const frames = [...framesOf(readFileSync(recording))];
const changes = frames.splice(frames.findIndex(endsList) + 1);
const watchers = new Set<TLSSocket>();

const certificate = readFileSync(pem);
const server = createServer({ cert: certificate, key: certificate, noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.on('close', () => watchers.delete(socket));
  socket.once('data', () => {
    socket.write(HEAD);
    for (const frame of frames) writeEvent(socket, frame);
    watchers.add(socket);
  });
});

function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** An event as the API server's net/http writes it: two chunks, in three writes, of which each is a TLS record. */
function writeEvent(socket: TLSSocket, frame: Buffer): void {
  const rest = frame.subarray(CHUNK_BYTES);
  const bytes = Buffer.concat([
    chunk(frame.subarray(0, CHUNK_BYTES)),
    ...(rest.length > 0 ? [chunk(rest)] : []),
  ]);
  for (const write of [
    bytes.subarray(0, WRITE_BYTES),
    bytes.subarray(WRITE_BYTES, Math.max(WRITE_BYTES, bytes.length - 2)),
    bytes.subarray(Math.max(WRITE_BYTES, bytes.length - 2)),
  ]) {
    if (write.length > 0) socket.write(write);
  }
}

async function send(count: number): Promise<number> {
  const begin = performance.now();
  for (let sent = 0; sent < count; await delay(1)) {
    const due = Math.min(count, ((performance.now() - begin) / 1000) * CHANGES_A_SECOND);
    for (; sent < due; sent += 1) {
      const frame = changes.shift();
      if (frame === undefined) throw new Error('the recording has too few changes');
      for (const socket of watchers) writeEvent(socket, frame);
    }
  }
  return (performance.now() - begin) / 1000;
}

server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('message', async (message: string | number) => {
  process.send?.(typeof message === 'number' ? await send(message) : (server.address() as AddressInfo).port);
});
process.send?.('ready');

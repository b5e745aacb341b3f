/**
 * Usage: node load.ts OPTIONS, a `LoadOptions` in JSON. Makes exactly the connections and requests that it is told to, and says
 * what it really made in a line of JSON: a `LoadReport`.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { dialogue } from './dialogues.ts';
import { exchangeRequest } from './exchange-message.ts';
import type { LoadOptions } from './load-options.ts';

/** How long an answer over UDP may take before it counts as lost, in milliseconds. */
const UDP_PATIENCE_MS = 1000;

const options = JSON.parse(process.argv[2] ?? '') as LoadOptions;
const report = {
  connections: 0,
  failures: {} as Record<string, number>,
  breaks: {} as Record<string, number>,
  requests: 0,
  responses: 0,
  sentBytes: 0,
  receivedBytes: 0,
  localPorts: [] as number[],
};
const open: Connection[] = [];

/** A socket and what comes from it. */
interface Connection {
  readonly socket: Socket;
  readonly chunks: AsyncIterator<Buffer>;
}

/** One TCP connection with all its requests. */
async function converse(): Promise<void> {
  const { host, port, family } = options;
  // Node would try the other family as well when the first is slow, and that would be a connection too many.
  const socket = connect({ host, port, family: family ?? 0, autoSelectFamily: false });
  let isEstablished = false;
  try {
    await once(socket, 'connect');
    isEstablished = true;
    report.connections += 1;
    report.localPorts.push(socket.localPort ?? 0);
    const connection = { socket, chunks: socket[Symbol.asyncIterator]() as AsyncIterator<Buffer> };
    await askAll(connection);
    if (options.hold === true) open.push(connection);
    else await finish(connection);
  } catch (error) {
    const counts = isEstablished ? report.breaks : report.failures;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    counts[code] = (counts[code] ?? 0) + 1;
    socket.destroy();
  }
}

async function askAll({ socket, chunks }: Connection): Promise<void> {
  const { request, responseLength } = dialogue(options);
  let received: Buffer = Buffer.alloc(0);
  for (let done = 0; done < options.requests; done += 1) {
    socket.write(request);
    report.requests += 1;
    report.sentBytes += request.length;
    for (;;) {
      const length = responseLength(received);
      if (length !== undefined) {
        received = received.subarray(length);
        report.responses += 1;
        break;
      }
      const { value, done: hasEnded } = await chunks.next();
      if (hasEnded === true) throw Object.assign(new Error('the server closed'), { code: 'EOF' });
      report.receivedBytes += value.length;
      received = received.length === 0 ? value : Buffer.concat([received, value]);
    }
  }
}

/** Closes in order, and waits until the server has closed as well. Nothing should come any more, but it would count. */
async function finish({ socket, chunks }: Connection): Promise<void> {
  socket.end();
  for (;;) {
    const { value, done } = await chunks.next();
    if (done === true) return;
    report.receivedBytes += value.length;
  }
}

/** One UDP socket with all its datagrams, each answered before the next is sent. */
async function exchangeDatagrams(address: string, family: 4 | 6): Promise<void> {
  const { port, requests, requestBytes = 100, responseBytes = 100, connected = false } = options;
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  let lastError: unknown;
  socket.on('error', (error) => {
    lastError = error;
  });
  if (connected) {
    socket.connect(port, address);
    await once(socket, 'connect');
  } else {
    socket.bind(0);
    await once(socket, 'listening');
  }
  report.connections += 1;
  report.localPorts.push(socket.address().port);
  socket.on('message', (message) => {
    report.responses += 1;
    report.receivedBytes += message.length;
  });
  const request = exchangeRequest(requestBytes, responseBytes);
  for (let sent = 0; sent < requests; sent += 1) {
    await send(socket, request, connected ? undefined : { port, address });
    report.requests += 1;
    report.sentBytes += request.length;
    if (responseBytes > 0)
      await once(socket, 'message', { signal: AbortSignal.timeout(UDP_PATIENCE_MS) }).catch(() => {});
  }
  if (lastError !== undefined) report.breaks[String(lastError)] = 1;
  socket.close();
}

function send(
  socket: DatagramSocket,
  message: Buffer,
  to: { readonly port: number; readonly address: string } | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onSent = (error: Error | null): void => (error === null ? resolve() : reject(error));
    if (to === undefined) socket.send(message, onSent);
    else socket.send(message, to.port, to.address, onSent);
  });
}

async function main(): Promise<void> {
  const isUdp = options.protocol === 'udp';
  const found = isUdp ? await lookup(options.host, { family: options.family ?? 0 }) : undefined;
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < options.connections) {
      begun += 1;
      if (found === undefined) await converse();
      else await exchangeDatagrams(found.address, found.family === 6 ? 6 : 4);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, worker));
  console.log(JSON.stringify(report));
  if (options.hold !== true) return;
  const input = createInterface(process.stdin);
  await once(input, 'line');
  input.close();
  await Promise.all(open.map(finish));
}

await main();

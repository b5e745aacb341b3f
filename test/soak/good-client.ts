import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Signal } from '@tributary/core';
import { numberedBatch } from '@tributary/testkit';
import type { Backend } from './backend.ts';
import type { Target } from './subject.ts';

/** How long a request may take before it counts as one that was not served. */
const DEADLINE_MS = 30_000;
const SIGNALS = ['traces', 'logs'] as const;
export const GRPC_METHODS: Readonly<Record<(typeof SIGNALS)[number], string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

type SoakSignal = (typeof SIGNALS)[number];

/** Every so often a request is large: some hundred kilobytes. */
const LARGE_TURN = 8;
const LARGE_ITEMS = 2000;
/** What makes a request large when it follows it. Its items are numbered 0, which nobody asks for. */
const FILLERS = Object.fromEntries(
  SIGNALS.map((signal) => [signal, numberedBatch(signal, Array(LARGE_ITEMS).fill(0)).toBytes()]),
);

/** `content-encoding` and how it is made; of HTTP's requests each has another. */
const ENCODINGS = [
  ['identity', undefined],
  ['gzip', promisify(gzip)],
  ['zstd', promisify(zstdCompress)],
] as const;
/** gzip, of `CompressionAlgorithms` in grpc-js. */
const GRPC_GZIP = 2;

/** Sends one request; throws if it was not taken. */
type Send = (signal: SoakSignal, body: Uint8Array) => Promise<void>;

/** What good clients saw. */
export interface Served {
  taken: number;
  /** Taken, and not at the backend. */
  lost: number;
  /** Sent again, for the connection was closed in the moment in which it was used again. */
  repeated: number;
  readonly failures: string[];
  longestMs: number;
}

/**
 * A client by libraries that others made, which sends requests again and again until it is told to stop: small ones and
 * a large one now and then; those of HTTP compressed in turn, those of gRPC over TLS always, by gzip.
 */
export async function runGoodClient(
  target: Target,
  backend: Backend,
  options: { readonly pauseMs: number; readonly nextNumber: () => number; readonly signal: AbortSignal },
  served: Served,
): Promise<void> {
  const { send, close } = target.protocol === 'grpc' ? grpcSender(target) : httpSender(target, served);
  for (let turn = 0; !options.signal.aborted; turn += 1) {
    const number = options.nextNumber();
    const kind = SIGNALS[turn % SIGNALS.length] as Signal & SoakSignal;
    const isLarge = turn % LARGE_TURN < SIGNALS.length;
    const own = numberedBatch(kind, [number]).toBytes();
    // OTLP requests that follow each other are one request.
    const body = isLarge ? Buffer.concat([own, FILLERS[kind] as Uint8Array]) : own;
    const startMs = performance.now();
    try {
      await send(kind, body);
      served.taken += 1;
      if (!backend.take(number)) served.lost += 1;
    } catch (error) {
      served.failures.push(`${target.protocol}${target.tls ? ' over TLS' : ''}: ${String(error)}`);
    }
    served.longestMs = Math.max(served.longestMs, performance.now() - startMs);
    await delay(options.pauseMs);
  }
  close();
}

function grpcSender({ port, tls }: Target): { send: Send; close: () => void } {
  const channel =
    tls === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert));
  const options = tls === undefined ? {} : { 'grpc.default_compression_algorithm': GRPC_GZIP };
  const client = new Client(`localhost:${port}`, channel, options);
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    send: (signal, body) =>
      new Promise((resolve, reject) => {
        const options = { deadline: Date.now() + DEADLINE_MS };
        const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
        client.makeUnaryRequest(
          GRPC_METHODS[signal],
          same,
          same,
          Buffer.from(body),
          new Metadata(),
          options,
          done,
        );
      }),
    close: () => client.close(),
  };
}

function httpSender(target: Target, served: Served): { send: Send; close: () => void } {
  const agent = new (target.tls === undefined ? HttpAgent : HttpsAgent)({ keepAlive: true });
  let sent = 0;
  const send: Send = async (signal, plain) => {
    const [encoding, compress] = ENCODINGS[sent++ % ENCODINGS.length]!;
    const body = compress === undefined ? plain : await compress(plain);
    const once = () => post(target, agent, `/v1/${signal}`, encoding, body);
    if ((await once()) === 'taken') return;
    served.repeated += 1;
    if ((await once()) !== 'taken')
      throw new Error('two connections in a row were closed as they were used again');
  };
  return { send, close: () => agent.destroy() };
}

/**
 * Sends one request. A server may close an idle connection in the moment in which it is used again: nothing was taken
 * then, and the client sends again (RFC 9112, section 9.3.1).
 */
function post(
  { port, tls }: Target,
  agent: HttpAgent,
  path: string,
  encoding: string,
  body: Uint8Array,
): Promise<'taken' | 'closed before'> {
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': encoding,
    'content-length': body.length,
  };
  const target = { host: '127.0.0.1', servername: 'localhost', port, method: 'POST', path, ...tls };
  return new Promise((resolve, reject) => {
    const request = tls === undefined ? httpRequest : httpsRequest;
    const outgoing = request({ ...target, headers, agent, timeout: DEADLINE_MS }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve('taken');
        else reject(new Error(`answered ${response.statusCode}`));
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (outgoing.reusedSocket && error.code === 'ECONNRESET') resolve('closed before');
      else reject(error);
    });
    outgoing.end(body);
  });
}

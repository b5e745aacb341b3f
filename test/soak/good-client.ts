import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
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

/** Sends one request; throws if it was not taken. */
type Send = (signal: (typeof SIGNALS)[number], body: Uint8Array) => Promise<void>;

/** What good clients saw. */
export interface Served {
  taken: number;
  /** Taken, and not at the backend. */
  lost: number;
  readonly failures: string[];
  longestMs: number;
}

/** A client by libraries that others made, which sends small requests again and again until it is told to stop. */
export async function runGoodClient(
  target: Target,
  backend: Backend,
  options: { readonly pauseMs: number; readonly nextNumber: () => number; readonly signal: AbortSignal },
  served: Served,
): Promise<void> {
  const { send, close } = target.protocol === 'grpc' ? grpcSender(target) : httpSender(target);
  for (let turn = 0; !options.signal.aborted; turn += 1) {
    const number = options.nextNumber();
    const kind = SIGNALS[turn % SIGNALS.length] as Signal & (typeof SIGNALS)[number];
    const startMs = performance.now();
    try {
      await send(kind, numberedBatch(kind, [number]).toBytes());
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
  const client = new Client(`localhost:${port}`, channel);
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

function httpSender({ port, tls }: Target): { send: Send; close: () => void } {
  const agent = tls === undefined ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true });
  const request = tls === undefined ? httpRequest : httpsRequest;
  const send: Send = (signal, body) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
      const outgoing = request(
        {
          host: '127.0.0.1',
          servername: 'localhost',
          port,
          method: 'POST',
          path: `/v1/${signal}`,
          headers,
          agent,
          timeout: DEADLINE_MS,
          ...tls,
        },
        (response) => {
          response.resume();
          response.on('end', () => {
            if (response.statusCode === 200) resolve();
            else reject(new Error(`answered ${response.statusCode}`));
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return { send, close: () => agent.destroy() };
}

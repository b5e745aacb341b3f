import { once } from 'node:events';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { type Component, type Consumer, type ServerTls, SIGNALS, type Signal } from '@tributary/core';
import { http2Transport, type UnaryRequest } from '@tributary/grpc';
import { nopHost, type TestSettings, testSettings } from '@tributary/testkit';
import { otlpGrpcExporter } from '../../src/index.ts';
import { SERVICES } from '../../src/services.ts';

/** One call that a backend got. */
export interface Received {
  readonly signal: Signal;
  readonly message: Uint8Array;
  readonly metadata: ReadonlyMap<string, readonly string[]>;
}

export interface Backend {
  readonly endpoint: string;
  readonly calls: readonly Received[];
  close(): Promise<void>;
}

/** Answers a call with a message, or throws a `GrpcError`. */
export type Answer = (call: Received) => Uint8Array | Promise<Uint8Array>;

export const accept: Answer = () => new Uint8Array(0);

/** Answers as the list says, then accepts. */
export function inTurn(...answers: readonly Answer[]): Answer {
  let next = 0;
  return (call) => (answers[next++] ?? accept)(call);
}

/** Starts a gRPC server with the three services of OTLP. */
export async function startBackend(answer: Answer = accept, tls?: ServerTls): Promise<Backend> {
  const calls: Received[] = [];
  const handler = (signal: Signal) => (request: UnaryRequest) => {
    const call = { signal, message: request.message, metadata: request.metadata() };
    calls.push(call);
    return answer(call);
  };
  const server = http2Transport.createServer({
    methods: new Map(SIGNALS.map((signal) => [SERVICES[signal].grpcPath, handler(signal)])),
    maxReceiveBytes: 64 * 1024 * 1024,
    ...(tls === undefined ? {} : { tls }),
  });
  const address = await server.listen({ endpoint: '127.0.0.1:0', transport: 'tcp' });
  if (address.kind !== 'tcp') throw new Error('the test listens on TCP');
  return { endpoint: `127.0.0.1:${address.port}`, calls, close: () => server.close(AbortSignal.abort()) };
}

/** Starts an HTTP/2 server below gRPC: what it does with a request, once it is read, is the test's. */
export async function startHttp2(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer) => void,
): Promise<{ readonly endpoint: string; close(): void }> {
  const server: Http2Server = createServer();
  server.on('sessionError', () => undefined);
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => answer(stream, headers, Buffer.concat(chunks)));
  });
  return {
    endpoint: await listen(server),
    close: () => {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

/** Listens on 127.0.0.1; resolves with `host:port`. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A started exporter with what it says of itself. Clear text, no queue, no retry and no compression unless told otherwise. */
export async function startExporter(block: Record<string, unknown>): Promise<{
  readonly exporter: Component & Consumer;
  readonly settings: TestSettings;
}> {
  const settings = testSettings({ kind: 'exporter', id: 'otlp_grpc', version: '1.2.3' });
  const config = otlpGrpcExporter.configSchema.parse({
    tls: { insecure: true },
    compression: 'none',
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
    ...block,
  });
  const exporter = otlpGrpcExporter.create(settings, config);
  await exporter.start?.(nopHost());
  return { exporter, settings };
}

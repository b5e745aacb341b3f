import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import type { Component, Consumer } from '@tributary/core';
import { nopHost, type TestSettings, testSettings } from '@tributary/testkit';
import { otlpHttpExporter } from '../../src/index.ts';

/** One request that a backend got, read to its end. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Which of the backend's connections it came on, from 1. */
  readonly connection: number;
}

export type Answer = (response: ServerResponse, request: Received) => void;

/** A backend that answers as the test says. */
export interface Backend {
  readonly url: string;
  readonly requests: readonly Received[];
  /** How many connections it got. */
  readonly connections: number;
  /** Cuts off all connections, as a backend does that ends them while they are idle. */
  dropConnections(): void;
  close(): Promise<void>;
}

/** Starts a backend on 127.0.0.1; with `tls` over https. Without an answer it accepts. */
export async function startBackend(answer: Answer = accept, tls?: ServerOptions): Promise<Backend> {
  const requests: Received[] = [];
  const sockets: Socket[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received: Received = {
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
      connection: sockets.indexOf(request.socket) + 1,
    };
    requests.push(received);
    answer(response, received);
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    // A client that goes away in the middle of its request is what some tests are about.
    handle(request, response).catch(() => response.destroy());
  };
  const server: Server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => sockets.push(socket));
  const port = await listen(server);
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    get connections() {
      return sockets.length;
    },
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** What a backend does that took everything. */
export const accept: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
};

/** Answers as the list says, then accepts. */
export function inTurn(...answers: readonly Answer[]): Answer {
  let next = 0;
  return (response, request) => (answers[next++] ?? accept)(response, request);
}

/** Starts a server below HTTP: what it does with a connection is the test's. */
export async function startTcp(
  onConnection: (socket: Socket) => void,
): Promise<{ url: string; server: TcpServer }> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, server };
}

/** An address where nobody listens. */
export async function unusedUrl(): Promise<string> {
  const { url, server } = await startTcp(() => undefined);
  server.close();
  await once(server, 'close');
  return url;
}

/** A started exporter with what it says of itself. No queue, no retry and no compression unless told otherwise. */
export async function startExporter(block: Record<string, unknown>): Promise<{
  readonly exporter: Component & Consumer;
  readonly settings: TestSettings;
}> {
  const settings = testSettings({ kind: 'exporter', id: 'otlp_http', version: '1.2.3' });
  const config = otlpHttpExporter.configSchema.parse({
    compression: 'none',
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
    ...block,
  });
  const exporter = otlpHttpExporter.create(settings, config);
  await exporter.start?.(nopHost());
  return { exporter, settings };
}

async function listen(server: TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

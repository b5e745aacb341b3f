import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';

/** A backend that takes every request without looking into it. */
export interface Sink {
  readonly port: number;
  /** Body bytes received so far. */
  wireBytes(): number;
  close(): void;
}

const WINDOW_BYTES = 16 * 1024 * 1024;

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** An OTLP/HTTP backend that answers 200 with an empty body as soon as the request has ended. */
export async function startHttpSink(): Promise<Sink> {
  let bytes = 0;
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 });
      response.end();
    });
  });
  const port = await listen(server);
  return {
    port,
    wireBytes: () => bytes,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** An OTLP/gRPC backend that answers with an empty message as soon as the request has ended. */
export async function startGrpcSink(): Promise<Sink> {
  let bytes = 0;
  const server = createHttp2Server({
    settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: 1000 },
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    session.setLocalWindowSize(WINDOW_BYTES);
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on('end', () => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      // A message header of five zero bytes: not compressed, of length zero.
      stream.end(Buffer.alloc(5));
    });
  });
  const port = await listen(server);
  return {
    port,
    wireBytes: () => bytes,
    close: () => {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

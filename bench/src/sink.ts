import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';

/** A backend that takes every request without looking into it. */
export interface Sink {
  readonly port: number;
  /** Body bytes received so far. */
  wireBytes(): number;
  close(): void;
}

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

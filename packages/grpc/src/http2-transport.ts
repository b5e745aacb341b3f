import { Http2GrpcClient } from './client/client.ts';
import { Http2GrpcServer } from './server/server.ts';
import type { GrpcTransport } from './transport.ts';

/** The transport on HTTP/2 of our own. */
export const http2Transport: GrpcTransport = {
  createServer: (options) => new Http2GrpcServer(options),
  createClient: (options) => new Http2GrpcClient(options),
};

import type { GrpcTransport } from '../transport.ts';
import { GrpcJsClient } from './client.ts';
import { GrpcJsServer } from './server.ts';

/** The transport on @grpc/grpc-js. */
export const grpcJs: GrpcTransport = {
  createServer: (options) => new GrpcJsServer(options),
  createClient: (options) => new GrpcJsClient(options),
};

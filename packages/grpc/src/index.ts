export { GrpcError } from './grpc-error.ts';
export { END_REASONS, type EndReason } from './http2/connection-error.ts';
export { http2Transport } from './http2-transport.ts';
export type * from './transport.ts';

export { GrpcError } from './grpc-error.ts';
export { grpcJs } from './grpc-js/grpc-js.ts';
export type * from './transport.ts';

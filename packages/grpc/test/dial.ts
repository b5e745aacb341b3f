import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import type { RpcStatus } from '@tributary/core';
import { expect, onTestFinished } from 'vitest';
import { GrpcError } from '../src/grpc-error.ts';
import { http2Transport } from '../src/index.ts';
import type { GrpcClient, GrpcClientOptions, GrpcServerOptions, UnaryHandler } from '../src/transport.ts';
import { PATH } from './http2/frames.ts';

export { PATH };
export const HELLO = Buffer.from('hello');

/** A server for as long as the test lasts. */
export async function serve(
  handler: UnaryHandler,
  options: Partial<GrpcServerOptions> = {},
): Promise<number> {
  const server = http2Transport.createServer({
    methods: new Map([[PATH, handler]]),
    maxReceiveBytes: 1000,
    ...options,
  });
  const address = await server.listen({ endpoint: '127.0.0.1:0', transport: 'tcp' });
  onTestFinished(() => server.close(AbortSignal.abort()));
  if (address.kind !== 'tcp') throw new Error('not TCP');
  return address.port;
}

/** A client for as long as the test lasts. */
export function dial(port: number, options: Partial<GrpcClientOptions> = {}): GrpcClient {
  const client = http2Transport.createClient({ target: `127.0.0.1:${port}`, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** The status of a call that fails. */
export async function failure(call: Promise<unknown>): Promise<RpcStatus> {
  try {
    await call;
  } catch (error) {
    expect(error).toBeInstanceOf(GrpcError);
    return (error as GrpcError).status;
  }
  throw new Error('the call succeeded');
}

/** Answers with the message. */
export const echo: UnaryHandler = ({ message }) => message;

/** A port that nobody listens on. */
export async function unusedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

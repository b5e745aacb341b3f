import { memoryGate, RPC_CODES } from '@tributary/core';
import type { GrpcError } from '@tributary/grpc';
import { numberedBatch } from '@tributary/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { EXPORT_METHODS } from '../src/grpc-methods.ts';
import { startReceiver } from './start-receiver.ts';

const LOGS = numberedBatch('logs', [1, 2]).toBytes();
/** Longer than one read from a socket, so that the body comes in pieces. */
const LONG = numberedBatch(
  'logs',
  Array.from({ length: 20_000 }, (_, index) => index),
).toBytes();

const REFUSED = {
  status: 503,
  retryAfter: '1',
  body: {
    code: 14,
    message: 'the process has no memory for the request now. Send it again later.',
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1s' }],
  },
};

/** Posts logs in JSON's name, whose refusals can be read; what is refused is not looked into. */
async function refusalOf(post: Awaited<ReturnType<typeof startReceiver>>['post'], body: Uint8Array) {
  const answer = await post('/v1/logs', body, { 'content-type': 'application/json' });
  return {
    status: answer.status,
    retryAfter: answer.headers['retry-after'],
    body: JSON.parse(answer.body.toString()) as unknown,
  };
}

it('a request is refused unread while there is no memory, and taken again afterwards', async () => {
  const { post, sink, settings } = await startReceiver({ grpc: null });
  const lift = memoryGate.guard({ admits: () => false });
  onTestFinished(lift);
  expect(await refusalOf(post, LOGS)).toEqual(REFUSED);
  lift();
  expect((await post('/v1/logs', LOGS)).status).toBe(200);
  expect([sink.itemCount, memoryGate.reservedBytes]).toEqual([2, 0]);
  const key = 'otelcol_receiver_otlp_refused_requests{reason="memory",receiver="otlp",transport="http"}';
  expect(settings.registry.snapshot()[key]).toBe(1);
});

it('a request is refused in the middle of its body when the memory ends there, and nothing stays reserved', async () => {
  const { post, sink } = await startReceiver({ grpc: null });
  onTestFinished(memoryGate.guard({ admits: (bytes, reserved) => bytes + reserved <= LONG.length / 2 }));
  expect(await refusalOf(post, LONG)).toEqual(REFUSED);
  expect((await post('/v1/logs', LOGS)).status).toBe(200);
  expect([sink.itemCount, memoryGate.reservedBytes]).toEqual([2, 0]);
});

it('a message of gRPC is refused while there is no memory, and taken again afterwards', async () => {
  const { grpcClient, sink, settings } = await startReceiver({ http: null });
  const client = grpcClient();
  const send = (message: Uint8Array) => client.call({ path: EXPORT_METHODS.logs, message: [message] });
  const lift = memoryGate.guard({ admits: (bytes, reserved) => bytes + reserved <= LONG.length / 2 });
  onTestFinished(lift);
  const refusal = await send(LONG).catch((error: GrpcError) => error.status);
  expect(refusal).toEqual({
    code: RPC_CODES.UNAVAILABLE,
    message: 'the process has no memory for the request now. Send it again later.',
    retryDelayMs: 1000,
  });
  await send(LOGS);
  lift();
  await send(LONG);
  expect([sink.itemCount, memoryGate.reservedBytes]).toEqual([20_002, 0]);
  const key = 'otelcol_receiver_otlp_refused_requests{reason="memory",receiver="otlp",transport="grpc"}';
  expect(settings.registry.snapshot()[key]).toBe(1);
});

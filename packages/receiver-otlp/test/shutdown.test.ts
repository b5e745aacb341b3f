import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { RPC_CODES } from '@tributary/core';
import type { GrpcError } from '@tributary/grpc';
import { nopConsumer, numberedBatch, signalConsumer, testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { otlpReceiverConfigSchema } from '../src/config.ts';
import { EXPORT_METHODS } from '../src/grpc-methods.ts';
import { OtlpReceiver } from '../src/otlp-receiver.ts';
import { startReceiver } from './start-receiver.ts';

const LOGS = numberedBatch('logs', [1, 2]);
const path = EXPORT_METHODS.logs;

/** A consumer that settles when told to. */
function waitingConsumer() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let taken = 0;
  return {
    settle: resolve,
    taken: () => taken,
    consume: () => {
      taken += 1;
      return promise;
    },
  };
}

/** Opens a connection, sends this much, and tells when the other side has closed it; rejects where none is taken. */
async function open(port: number, text = ''): Promise<{ readonly closed: Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve('closed')));
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('error', () => undefined);
  socket.resume();
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve));
  return { closed };
}

describe('shutdown', () => {
  it('answers what is under way, closes idle connections and takes no new ones', async () => {
    const consumer = waitingConsumer();
    const { receiver, post, grpcClient, httpPort, grpcPort } = await startReceiver({ consumer });
    const client = grpcClient();
    const answers = Promise.all([
      post('/v1/logs', LOGS.toBytes()).then(({ status }) => status),
      client.call({ path, message: [LOGS.toBytes()] }).then(() => 'OK'),
    ]);
    await expect.poll(consumer.taken).toBe(2);
    const idle = [await open(httpPort), await open(grpcPort)];
    const down = receiver.shutdown().then(() => 'down');
    expect(await Promise.all(idle.map(({ closed }) => closed))).toEqual(['closed', 'closed']);
    for (const port of [httpPort, grpcPort]) {
      await expect(open(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    }
    const late = client
      .call({ path, message: [LOGS.toBytes()] })
      .catch((error: GrpcError) => error.status.code);
    expect(await late).toBe(RPC_CODES.UNAVAILABLE);
    const pending = new Promise((resolve) => setTimeout(resolve, 50, 'still going'));
    expect(await Promise.race([down, pending])).toBe('still going');
    consumer.settle();
    expect(await answers).toEqual([200, 'OK']);
    expect([await down, consumer.taken()]).toEqual(['down', 2]);
  });

  it('refuses a request that comes late on a connection that is still open', async () => {
    const consumer = waitingConsumer();
    const { receiver, httpPort, settings } = await startReceiver({ consumer, grpc: null });
    const body = LOGS.toJson();
    const request = `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const socket = connect(httpPort, '127.0.0.1');
    let heard = '';
    socket.on('data', (data) => {
      heard += data;
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(request + body);
    await expect.poll(consumer.taken).toBe(1);
    const down = receiver.shutdown();
    // The next request of the same connection, which has an answer to come.
    await new Promise((resolve) => socket.write(request + body, resolve));
    // It is in the system's buffers; the next turns of the event loop read it.
    for (let turns = 0; turns < 3; turns += 1) await turn();
    consumer.settle();
    await Promise.all([down, closed]);
    expect(Object.keys(settings.registry.snapshot())).toEqual([
      'otelcol_receiver_otlp_refused_requests{reason="shutdown",receiver="otlp",transport="http"}',
    ]);
    expect(heard.match(/HTTP\/1\.1 [^\r]+/g)).toEqual([
      'HTTP/1.1 200 OK',
      'HTTP/1.1 503 Service Unavailable',
    ]);
    expect(heard).toContain(
      '{"code":14,"message":"the receiver is shutting down. Send again elsewhere, or later."}',
    );
    expect(consumer.taken()).toBe(1);
  });

  it('cuts off what is left when the signal aborts', async () => {
    const consumer = waitingConsumer();
    const { receiver, post, grpcClient, httpPort, grpcPort } = await startReceiver({ consumer });
    const failed = (call: Promise<unknown>) =>
      call.then(
        () => 'answered',
        () => 'cut off',
      );
    const calls = [
      failed(post('/v1/logs', LOGS.toBytes())),
      failed(grpcClient().call({ path, message: [LOGS.toBytes()] })),
    ];
    await expect.poll(consumer.taken).toBe(2);
    const sockets = [await open(httpPort, 'POST /'), await open(grpcPort, 'PRI'), await open(grpcPort)];
    const controller = new AbortController();
    const down = receiver.shutdown(controller.signal);
    controller.abort();
    await down;
    expect(await Promise.all(calls)).toEqual(['cut off', 'cut off']);
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual(['closed', 'closed', 'closed']);
  });
});

describe('start', () => {
  const receiverOn = (protocols: object) =>
    new OtlpReceiver(
      testSettings({ id: 'otlp/2' }),
      otlpReceiverConfigSchema.parse({ protocols }),
      signalConsumer(nopConsumer()),
    );

  it('fails where it cannot listen, naming the setting, and leaves nothing behind', async () => {
    const { httpPort } = await startReceiver({ grpc: null });
    const receiver = receiverOn({
      grpc: { endpoint: '127.0.0.1:0' },
      http: { endpoint: `127.0.0.1:${httpPort}` },
    });
    await expect(receiver.start()).rejects.toMatchObject({
      code: 'COMPONENT_START',
      message: `receivers::otlp/2::protocols::http::endpoint: cannot listen on "127.0.0.1:${httpPort}" (EADDRINUSE). Another process listens there: end it, or choose another address.`,
    });
    const { grpc } = receiver.addresses;
    if (grpc?.kind !== 'tcp') throw new Error('gRPC did not start');
    await expect(open(grpc.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each([
    [
      '192.0.2.1:4317',
      'EADDRNOTAVAIL',
      'This machine has no such address: choose one of its own, or 0.0.0.0 for all.',
    ],
    [
      'no.such.host.invalid:4317',
      'ENOTFOUND',
      'The name is not known: choose an address, or a name that resolves.',
    ],
  ])('says what to do about %s', async (endpoint, code, advice) => {
    await expect(receiverOn({ grpc: { endpoint } }).start()).rejects.toThrow(
      `receivers::otlp/2::protocols::grpc::endpoint: cannot listen on "${endpoint}" (${code}). ${advice}`,
    );
  });

  it('logs where it listens, and which settings mean nothing here', async () => {
    const { settings, httpPort, grpcPort } = await startReceiver({ grpc: { read_buffer_size: 1024 } });
    expect(settings.logs).toEqual([
      {
        level: 'info',
        message: 'the setting has no effect',
        fields: { setting: 'receivers::otlp::protocols::grpc::read_buffer_size' },
      },
      {
        level: 'info',
        message: 'listening',
        fields: { protocol: 'grpc', endpoint: `127.0.0.1:${grpcPort}` },
      },
      {
        level: 'info',
        message: 'listening',
        fields: { protocol: 'http', endpoint: `127.0.0.1:${httpPort}` },
      },
    ]);
  });
});

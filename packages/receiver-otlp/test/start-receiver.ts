import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Consumer, Signal } from '@tributary/core';
import { type GrpcClient, type GrpcClientOptions, http2Transport } from '@tributary/grpc';
import { type Sink, signalConsumer, sink, type TestSettings, testSettings } from '@tributary/testkit';
import { onTestFinished } from 'vitest';
import { otlpReceiverConfigSchema } from '../src/config.ts';
import { OtlpReceiver } from '../src/otlp-receiver.ts';

/** An answer, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A receiver that runs until the test is over, and the ways to it. */
export interface Started {
  readonly receiver: OtlpReceiver;
  readonly settings: TestSettings;
  /** What it handed on, unless the test gave a consumer of its own. */
  readonly sink: Sink;
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Posts a body and gives the answer. */
  post(path: string, body: Uint8Array | string, headers?: Record<string, string>): Promise<Answer>;
  /** A client for as long as the test lasts. */
  grpcClient(options?: Partial<GrpcClientOptions>): GrpcClient;
}

export interface StartOptions {
  /** The blocks under `protocols`; both are on unless one is null. */
  readonly http?: object | null;
  readonly grpc?: object | null;
  readonly consumer?: Consumer;
  readonly signals?: readonly Signal[];
  readonly configDir?: string;
}

const PROTOBUF = { 'content-type': 'application/x-protobuf' };

/** Starts a receiver on ports of the system's choice. */
export async function startReceiver(options: StartOptions = {}): Promise<Started> {
  const block = (name: 'http' | 'grpc') =>
    options[name] === null ? {} : { [name]: { endpoint: '127.0.0.1:0', ...options[name] } };
  const config = otlpReceiverConfigSchema.parse({ protocols: { ...block('grpc'), ...block('http') } });
  const kept = sink();
  const { configDir } = options;
  const settings = testSettings({ id: 'otlp', ...(configDir === undefined ? {} : { configDir }) });
  const next = signalConsumer(options.consumer ?? kept, options.signals);
  const receiver = new OtlpReceiver(settings, config, next);
  await receiver.start();
  onTestFinished(() => receiver.shutdown(AbortSignal.abort()));
  const { http, grpc } = receiver.addresses;
  const httpPort = http?.kind === 'tcp' ? http.port : 0;
  const grpcPort = grpc?.kind === 'tcp' ? grpc.port : 0;
  return {
    receiver,
    settings,
    sink: kept,
    httpPort,
    grpcPort,
    post: (path, body, headers = PROTOBUF) => send(httpPort, 'POST', path, headers, body),
    grpcClient: (clientOptions = {}) => {
      const client = http2Transport.createClient({ target: `127.0.0.1:${grpcPort}`, ...clientOptions });
      onTestFinished(() => client.close());
      return client;
    },
  };
}

/** Sends one request and gives the answer. */
export function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Uint8Array | string = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      gather(response).then((answered) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answered });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function gather(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

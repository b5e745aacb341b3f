/** What stands at both ends of a proxy in tests: the OTLP receiver with all that it took, and the OTLP exporters. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AddressInfo, Server } from 'node:net';
import { type Component, type Consumer, SIGNALS, type Signal } from '@tributary/core';
import { otlpGrpcExporter, otlpHttpExporter } from '@tributary/exporter-otlp';
import { otlpReceiver } from '@tributary/receiver-otlp';
import {
  nopHost,
  numbersOf,
  type Sink,
  signalConsumer,
  sink,
  type TestSettings,
  testSettings,
} from '@tributary/testkit';
import type { Security } from '../certificates.ts';
import type { ProxyFiles } from './way.ts';

type Settings = Readonly<Record<string, unknown>>;

/** A receiver that keeps what it takes. */
export interface TestReceiver {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly kept: Sink;
  /** How many connections it was offered. */
  connections(): number;
  stop(signal?: AbortSignal): Promise<void>;
}

/** What of the receiver's settings a test chooses. */
export interface ReceiverChoice {
  readonly grpc?: Settings;
  readonly http?: Settings;
  /** Where to listen; any port otherwise. */
  readonly grpcPort?: number;
  readonly httpPort?: number;
  /** What takes the data, beside `kept`. */
  readonly next?: Consumer;
}

/** Starts a receiver on 127.0.0.1. */
export async function startReceiver(
  security: Security,
  files: ProxyFiles,
  choice: ReceiverChoice = {},
): Promise<TestReceiver> {
  const kept = sink();
  const settings = testSettings({ kind: 'receiver', id: 'otlp' });
  const tls = {
    cert_file: files.server.cert,
    key_file: files.server.key,
    ...(security === 'mtls' ? { client_ca_file: files.ca } : {}),
  };
  const block = (port = 0, own: Settings = {}): Settings => ({
    endpoint: `127.0.0.1:${port}`,
    ...(security === 'plain' ? {} : { tls }),
    ...own,
  });
  const config = otlpReceiver.configSchema.parse({
    protocols: { grpc: block(choice.grpcPort, choice.grpc), http: block(choice.httpPort, choice.http) },
  });
  const receiver = otlpReceiver.create(settings, config, signalConsumer(choice.next ?? kept));
  let connections = 0;
  // The receiver may have taken the connection out of the socket: the server still knows its port.
  const count = (message: unknown): void => {
    const { server } = (message as { readonly socket: { readonly server?: Server } }).socket;
    const port = (server?.address() as AddressInfo | null | undefined)?.port;
    if (port === ports.grpcPort || port === ports.httpPort) connections += 1;
  };
  await receiver.start?.(nopHost());
  const portOf = (protocol: string): number => {
    const line = settings.logs.find(
      ({ message, fields }) => message === 'listening' && fields['protocol'] === protocol,
    );
    return Number(String(line?.fields['endpoint']).split(':').at(-1));
  };
  const ports = { grpcPort: portOf('grpc'), httpPort: portOf('http') };
  subscribe('net.server.socket', count);
  return {
    ...ports,
    kept,
    connections: () => connections,
    stop: async (signal = AbortSignal.abort()) => {
      unsubscribe('net.server.socket', count);
      await receiver.shutdown?.(signal);
    },
  };
}

/** An exporter that runs. */
export interface TestExporter extends Component, Consumer {
  readonly settings: TestSettings;
}

/** Starts an exporter to a port of this machine, that neither queues nor tries again unless told to. */
export async function startExporter(
  transport: 'grpc' | 'http',
  security: Security,
  port: number,
  files: ProxyFiles,
  choice: Settings = {},
): Promise<TestExporter> {
  const own = security === 'mtls' ? { cert_file: files.client.cert, key_file: files.client.key } : {};
  const tls = security === 'plain' ? { insecure: true } : { ca_file: files.ca, ...own };
  const factory = transport === 'grpc' ? otlpGrpcExporter : otlpHttpExporter;
  const config = factory.configSchema.parse({
    endpoint: `${security === 'plain' ? 'http' : 'https'}://localhost:${port}`,
    compression: 'none',
    timeout: '60s',
    tls,
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
    ...choice,
  });
  const settings = testSettings({ kind: 'exporter', id: factory.type });
  const exporter = factory.create(settings, config as never);
  await exporter.start?.(nopHost());
  return Object.assign(exporter, { settings });
}

/** The numbers of the items that came, in order. */
export function numbersThatCame({ kept }: TestReceiver, signals: readonly Signal[] = SIGNALS): number[] {
  return kept.batches
    .filter(({ signal }) => signals.includes(signal))
    .flatMap(numbersOf)
    .sort((a, b) => a - b);
}

/** The whole numbers from one to below another. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

import {
  type Component,
  formatAddress,
  HttpServer,
  type ListenAddress,
  type ListenEndpoint,
  PipelineError,
  ServerTls,
  type Settings,
  type SignalConsumer,
  type TlsServerConfig,
} from '@tributary/core';
import { type GrpcServer, http2Transport } from '@tributary/grpc';
import type { GrpcConfig, HttpConfig, OtlpReceiverConfig } from './config.ts';
import { exportMethods } from './grpc-methods.ts';
import { HttpExport } from './http-export.ts';
import { Intake } from './intake.ts';
import { endedConnections, lostAnswers, RefusedRequests } from './refused-requests.ts';

const MIB = 1024 * 1024;

/** Settings of the Collector that mean nothing here: Node.js sizes its buffers itself. */
const WITHOUT_EFFECT = ['read_buffer_size', 'write_buffer_size'] as const;

/** Where the receiver listens; a protocol that is off is absent. */
export interface Addresses {
  readonly grpc?: ListenAddress;
  readonly http?: ListenAddress;
}

/** Takes OTLP over gRPC and HTTP. A client is answered when, and as, the pipelines have settled its data. */
export class OtlpReceiver implements Component {
  readonly #settings: Settings;
  readonly #config: OtlpReceiverConfig;
  readonly #next: SignalConsumer;
  readonly #tls: ServerTls[] = [];
  #grpc: GrpcServer | undefined;
  #http: HttpServer<unknown> | undefined;
  #addresses: Addresses = {};

  constructor(settings: Settings, config: OtlpReceiverConfig, next: SignalConsumer) {
    this.#settings = settings;
    this.#config = config;
    this.#next = next;
  }

  /** Where the servers listen, once started. */
  get addresses(): Addresses {
    return this.#addresses;
  }

  async start(): Promise<void> {
    const { grpc, http } = this.#config.protocols;
    try {
      if (grpc !== undefined) {
        this.#addresses = { ...this.#addresses, grpc: await this.#startGrpc(grpc) };
      }
      if (http !== undefined) {
        this.#addresses = { ...this.#addresses, http: await this.#startHttp(http) };
      }
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    await Promise.all([this.#http?.close(signal), this.#grpc?.close(signal)]);
    for (const tls of this.#tls) {
      tls.close();
    }
  }

  #startGrpc(config: GrpcConfig): Promise<ListenAddress> {
    const { server_parameters: keepalive } = config.keepalive;
    for (const setting of WITHOUT_EFFECT) {
      if (config[setting] !== undefined) {
        this.#settings.logger.info(
          { setting: `${this.#where('grpc')}::${setting}` },
          'the setting has no effect',
        );
      }
    }
    const tls = this.#loadTls('grpc', config.tls);
    const refused = new RefusedRequests(this.#settings.telemetry, 'grpc');
    const intake = new Intake(this.#next, refused);
    this.#grpc = http2Transport.createServer({
      methods: exportMethods(this.#next.signals, intake, { includeMetadata: config.include_metadata }),
      maxReceiveBytes: config.max_recv_msg_size_mib * MIB,
      ...(config.max_concurrent_streams === 0 ? {} : { maxConcurrentStreams: config.max_concurrent_streams }),
      keepalive: {
        ...unlessZero('maxConnectionIdleMs', keepalive.max_connection_idle),
        ...unlessZero('maxConnectionAgeMs', keepalive.max_connection_age),
        ...unlessZero('maxConnectionAgeGraceMs', keepalive.max_connection_age_grace),
        ...unlessZero('timeMs', keepalive.time),
        ...unlessZero('timeoutMs', keepalive.timeout),
      },
      onRefused: (reason) => refused.count(reason),
      onAnswerLost: lostAnswers(this.#settings.telemetry),
      onEnded: endedConnections(this.#settings.telemetry, 'grpc'),
      ...(tls === undefined ? {} : { tls }),
    });
    return this.#listen('grpc', config, this.#grpc);
  }

  #startHttp(config: HttpConfig): Promise<ListenAddress> {
    const refused = new RefusedRequests(this.#settings.telemetry, 'http');
    const intake = new Intake(this.#next, refused);
    const handler = new HttpExport(config, this.#next.signals, intake, refused);
    const server: HttpServer<unknown> = new HttpServer(
      config,
      (request, response) => handler.handle(request, response, server.isClosing),
      this.#loadTls('http', config.tls),
      handler,
    );
    this.#http = server;
    return this.#listen('http', config, server);
  }

  #loadTls(protocol: 'grpc' | 'http', config: TlsServerConfig | undefined): ServerTls | undefined {
    if (config === undefined) {
      return undefined;
    }
    const { configDir, logger } = this.#settings;
    const ended = endedConnections(this.#settings.telemetry, protocol);
    const where = `${this.#where(protocol)}::tls`;
    const tls = new ServerTls(config, { where, configDir, logger }, () => ended('tls'));
    this.#tls.push(tls);
    return tls;
  }

  async #listen(
    protocol: 'grpc' | 'http',
    endpoint: ListenEndpoint,
    server: { listen(endpoint: ListenEndpoint): Promise<ListenAddress> },
  ): Promise<ListenAddress> {
    try {
      const address = await server.listen(endpoint);
      this.#settings.logger.info({ protocol, endpoint: formatAddress(address) }, 'listening');
      return address;
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw new PipelineError(
        'COMPONENT_START',
        `${this.#where(protocol)}::endpoint: cannot listen on "${endpoint.endpoint}" (${code || message}). ${LISTEN_ADVICE[code] ?? 'Choose another address.'}`,
        { cause: error },
      );
    }
  }

  #where(protocol: 'grpc' | 'http'): string {
    return `receivers::${this.#settings.id}::protocols::${protocol}`;
  }
}

const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another process listens there: end it, or choose another address.',
  EACCES: 'This process may not listen there: choose a port above 1023, or give it CAP_NET_BIND_SERVICE.',
  EADDRNOTAVAIL: 'This machine has no such address: choose one of its own, or 0.0.0.0 for all.',
  ENOTFOUND: 'The name is not known: choose an address, or a name that resolves.',
};

/** The Collector's configuration says "no limit" with 0, the transport by leaving the limit out. */
function unlessZero<Name extends string>(name: Name, value: number): Partial<Record<Name, number>> {
  return value === 0 ? {} : ({ [name]: value } as Record<Name, number>);
}

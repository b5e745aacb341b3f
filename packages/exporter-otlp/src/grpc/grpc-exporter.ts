import {
  type Batch,
  type CancelSignal,
  ClientTls,
  type Component,
  type CompressionType,
  type Consumer,
  compressRequest,
  createExporter,
  errorText,
  isClearText,
  PipelineError,
  type RequestCompression,
  RetryableError,
  type SendResult,
  type Settings,
} from '@tributary/core';
import { type GrpcClient, type GrpcClientOptions, GrpcError, http2Transport } from '@tributary/grpc';
import { requestCompression } from '../config.ts';
import { SERVICES } from '../services.ts';
import type { OtlpGrpcConfig } from './config.ts';
import { grpcTarget } from './endpoint.ts';
import { readGrpcAnswer, toPipelineError } from './status.ts';

/** gRPC's `snappy` is the framed form. */
const COMPRESSIONS: Readonly<Record<OtlpGrpcConfig['compression'], CompressionType | undefined>> = {
  gzip: 'gzip',
  zstd: 'zstd',
  snappy: 'x-snappy-framed',
  deflate: 'deflate',
  none: undefined,
  '': undefined,
};

/** What the gRPC libraries of Go, Java, Python and Node all read: nothing (test/concatenated-forms.test.ts). */
const CONCATENATED: readonly CompressionType[] = [];

/** Makes an exporter that calls the OTLP service of the signal once for each batch. */
export function createOtlpGrpcExporter(settings: Settings, config: OtlpGrpcConfig): Component & Consumer {
  const connection = new GrpcConnection(settings, config);
  return createExporter(settings, {
    queue: config.sending_queue,
    retry: config.retry_on_failure,
    timeoutMs: config.timeout,
    start: () => connection.open(),
    send: (batch, signal) => connection.send(batch, signal),
    shutdown: () => connection.close(),
  });
}

class GrpcConnection {
  readonly #settings: Settings;
  readonly #config: OtlpGrpcConfig;
  readonly #compression: RequestCompression | undefined;
  readonly #metadata: Readonly<Record<string, string>>;
  #tls: ClientTls | undefined;
  #client: GrpcClient | undefined;

  constructor(settings: Settings, config: OtlpGrpcConfig) {
    this.#settings = settings;
    this.#config = config;
    this.#compression = requestCompression(
      COMPRESSIONS[config.compression],
      config.compression_params,
      CONCATENATED,
    );
    const headers = Object.entries(config.headers);
    this.#metadata = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
  }

  open(): void {
    const { authority, balancer_name, endpoint, keepalive, tls } = this.#config;
    const { configDir, id, logger, version } = this.#settings;
    const { target, isTls } = grpcTarget(endpoint);
    if (isTls ?? !isClearText(tls)) {
      this.#tls = new ClientTls(tls, { where: `exporters::${id}::tls`, configDir, logger });
    }
    const options = {
      target,
      loadBalancing: balancer_name,
      keepalive: {
        timeMs: keepalive.time,
        timeoutMs: keepalive.timeout,
        permitWithoutStream: keepalive.permit_without_stream,
      },
      userAgent: `Tributary/${version} (${process.platform}/${process.arch})`,
      ...(this.#tls === undefined ? {} : { tls: this.#tls }),
      ...(authority === undefined ? {} : { authority }),
    } satisfies GrpcClientOptions;
    try {
      this.#client = http2Transport.createClient(options);
    } catch (error) {
      throw new PipelineError(
        'COMPONENT_START',
        `exporters::${id}::endpoint: cannot be called (${errorText(error)}). Write "host:port", or a URL.`,
        { cause: error },
      );
    }
  }

  send(batch: Batch, signal: CancelSignal): Promise<SendResult | undefined> {
    if (this.#compression === undefined) return this.#call(batch, batch.toChunks(), signal);
    const compressed = compressRequest(this.#compression, batch.toChunks());
    return compressed instanceof Promise
      ? compressed.then((message) => this.#call(batch, message, signal))
      : this.#call(batch, compressed, signal);
  }

  close(): void {
    this.#client?.close();
    this.#tls?.close();
  }

  #call(batch: Batch, message: readonly Uint8Array[], signal: CancelSignal): Promise<SendResult | undefined> {
    const { timeout, wait_for_ready } = this.#config;
    if (this.#client === undefined) {
      throw new RetryableError('SHUTDOWN', `${this.#settings.id}: the exporter does not run.`);
    }
    const answer = this.#client.call({
      path: SERVICES[batch.signal].grpcPath,
      message,
      encoding: this.#compression?.type,
      announcedTimeoutMs: timeout === 0 ? undefined : timeout,
      metadata: this.#metadata,
      signal,
      waitForReady: wait_for_ready,
    });
    return answer.then(this.#onAnswer, this.#onFailure);
  }

  readonly #onAnswer = (answer: Uint8Array): SendResult | undefined =>
    readGrpcAnswer(answer, this.#settings.id, this.#config.endpoint);

  readonly #onFailure = (error: unknown): never => {
    const { id } = this.#settings;
    throw error instanceof GrpcError ? toPipelineError(error, id, this.#config.endpoint) : error;
  };
}

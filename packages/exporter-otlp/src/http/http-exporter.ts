import {
  AnswerTooLargeError,
  type Batch,
  type CancelSignal,
  ClientTls,
  type Component,
  type Consumer,
  compressRequest,
  createExporter,
  PermanentError,
  type RequestCompression,
  RetryableError,
  RPC_CODES,
  type SendResult,
  type Settings,
  SIGNALS,
  type Signal,
  tlsFailure,
} from '@tributary/core';
import { requestCompression } from '../config.ts';
import { SERVICES } from '../services.ts';
import { oneLine } from '../text.ts';
import { readHttpAnswer } from './answer.ts';
import { type Backend, createBackend } from './backend.ts';
import type { OtlpHttpConfig } from './config.ts';
import { type Target, targetOf } from './target.ts';

/** What the decoders of Go, Java, Python and Node all read (test/concatenated-forms.test.ts). */
const CONCATENATED = ['gzip'] as const;
const MEDIA_TYPES = { proto: 'application/x-protobuf', json: 'application/json' } as const;

/** Makes an exporter that posts each batch as one OTLP request. */
export function createOtlpHttpExporter(settings: Settings, config: OtlpHttpConfig): Component & Consumer {
  const connection = new HttpConnection(settings, config);
  return createExporter(settings, {
    queue: config.sending_queue,
    retry: config.retry_on_failure,
    timeoutMs: config.timeout,
    start: () => connection.open(),
    send: (batch, signal) => connection.send(batch, signal),
    shutdown: () => connection.close(),
  });
}

class HttpConnection {
  readonly #settings: Settings;
  readonly #config: OtlpHttpConfig;
  readonly #targets: Partial<Record<Signal, Target>> = {};
  readonly #compression: RequestCompression | undefined;
  #tls: ClientTls | undefined;
  #backend: Backend | undefined;

  constructor(settings: Settings, config: OtlpHttpConfig) {
    this.#settings = settings;
    this.#config = config;
    const { compression, compression_params } = config;
    const type = compression === 'none' || compression === '' ? undefined : compression;
    this.#compression = requestCompression(type, compression_params, CONCATENATED);
    for (const signal of SIGNALS) {
      const url = signalUrl(config, signal);
      if (url === undefined) continue;
      const connection = config.disable_keep_alives ? 'close' : 'keep-alive';
      this.#targets[signal] = targetOf(url, this.#headers(url), connection);
    }
  }

  open(): void {
    if (Object.values(this.#targets).some(({ url }) => url.protocol === 'https:')) {
      this.#tls = new ClientTls(this.#config.tls, {
        where: `exporters::${this.#settings.id}::tls`,
        configDir: this.#settings.configDir,
        logger: this.#settings.logger,
      });
      this.#tls.onReload(() => this.#renew());
    }
    this.#renew();
  }

  send(batch: Batch, signal: CancelSignal): Promise<SendResult | undefined> {
    const target = this.#targets[batch.signal];
    if (target === undefined) throw this.#noTarget(batch.signal);
    const body = this.#body(batch);
    return body instanceof Promise
      ? body.then((compressed) => this.#post(target, batch.signal, compressed, signal))
      : this.#post(target, batch.signal, body, signal);
  }

  close(): void {
    this.#tls?.close();
    this.#backend?.destroy();
  }

  /** Connections of before a reload of certificates end with the requests that are on them. */
  #renew(): void {
    const former = this.#backend;
    this.#backend = createBackend(this.#config, this.#tls);
    former?.retire();
  }

  #body(batch: Batch): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
    const chunks = this.#config.encoding === 'json' ? [Buffer.from(batch.toJson())] : batch.toChunks();
    return this.#compression === undefined ? chunks : compressRequest(this.#compression, chunks);
  }

  async #post(
    target: Target,
    signal: Signal,
    body: readonly Uint8Array[],
    abort: CancelSignal,
  ): Promise<SendResult | undefined> {
    const { id } = this.#settings;
    const { shownUrl: url } = target;
    const backend = this.#backend;
    if (backend === undefined) throw new RetryableError('SHUTDOWN', `${id}: the exporter does not run.`);
    try {
      const answer = await backend.post(target, body, abort);
      return readHttpAnswer(answer, { id, url, signal });
    } catch (error) {
      throw error instanceof PermanentError || error instanceof RetryableError
        ? error
        : connectionError(id, url, error);
    }
  }

  #headers(url: URL): readonly string[] {
    const { headers, encoding } = this.#config;
    const { version } = this.#settings;
    const all = new Map<string, readonly [string, string]>();
    const set = (name: string, value: string): void => void all.set(name.toLowerCase(), [name, value]);
    set('Host', url.host);
    if (url.username !== '' || url.password !== '') set('Authorization', basicCredentials(url));
    set('User-Agent', `Tributary/${version} (${process.platform}/${process.arch})`);
    for (const [name, value] of Object.entries(headers)) set(name, value);
    set('Content-Type', MEDIA_TYPES[encoding]);
    if (this.#compression !== undefined) set('Content-Encoding', this.#compression.type);
    return [...all.values()].flat();
  }

  #noTarget(signal: Signal): PermanentError {
    return new PermanentError(
      'EXPORT_REFUSED',
      `${this.#settings.id}: there is no address for ${signal}. Set "endpoint" or "${signal}_endpoint".`,
    );
  }
}

/** RFC 7617, for `https://user:password@host`. */
function basicCredentials({ username, password }: URL): string {
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

function signalUrl(config: OtlpHttpConfig, signal: Signal): URL | undefined {
  const own = config[`${signal}_endpoint`];
  if (own !== undefined) return new URL(own);
  if (config.endpoint === undefined) return undefined;
  return new URL(config.endpoint.replace(/\/$/, '') + SERVICES[signal].httpPath);
}

/** What came instead of an answer: the connection was refused, broke, or did not speak HTTP or TLS. */
function connectionError(id: string, url: string, error: unknown): RetryableError {
  const { code, message } = error as NodeJS.ErrnoException;
  const words = tlsFailure(error as Error) ?? oneLine(message);
  const reason = error instanceof AnswerTooLargeError ? message : `${code ?? 'error'}: ${words}`;
  return new RetryableError('EXPORT_UNAVAILABLE', `${id}: no answer from ${url} (${reason}).`, {
    cause: error,
    status: RPC_CODES.UNAVAILABLE,
  });
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Component,
  Cors,
  formatAddress,
  type Host,
  HttpServer,
  type ListenAddress,
  PipelineError,
  type RawHeaders,
  ServerTls,
  type Settings,
} from '@tributary/core';
import { type Answer, healthAnswer, NOT_FOUND } from './answers.ts';
import type { HealthCheckConfig } from './config.ts';
import { CONTEXT_PATH, contextAnswer } from './context-answer.ts';
import { HealthMonitor } from './health.ts';

/** Answers, over HTTP, whether the service is available. */
export class HealthCheck implements Component {
  readonly #settings: Settings;
  readonly #config: HealthCheckConfig;
  readonly #headers: RawHeaders;
  readonly #cors: Cors | undefined;
  #tls: ServerTls | undefined;
  #server: HttpServer | undefined;
  #monitor: HealthMonitor | undefined;
  #address: ListenAddress | undefined;

  constructor(settings: Settings, config: HealthCheckConfig) {
    this.#settings = settings;
    this.#config = config;
    const { response_headers: headers, cors } = config;
    this.#headers = Array.isArray(headers)
      ? headers.flatMap(({ name, value }) => [name, value])
      : Object.entries(headers).flat();
    this.#cors = cors === undefined || cors.allowed_origins.length === 0 ? undefined : new Cors(cors);
  }

  /** Where it listens, once it has started. */
  get address(): ListenAddress | undefined {
    return this.#address;
  }

  async start(host: Host): Promise<void> {
    const { id, logger, configDir } = this.#settings;
    const { tls, check_collector_pipeline: check, component_health: rules } = this.#config;
    if (check.enabled) {
      logger.warn({}, 'check_collector_pipeline has no effect: use component_health');
    }
    if (tls !== undefined)
      this.#tls = new ServerTls(tls, { where: `extensions::${id}::tls`, configDir, logger });
    this.#monitor = new HealthMonitor(host, rules);
    this.#server = new HttpServer(
      this.#config,
      (request, response) => this.#answer(request, response),
      this.#tls,
    );
    this.#address = await this.#listen(this.#server);
    logger.info({ endpoint: formatAddress(this.#address) }, 'listening');
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    this.#monitor?.close();
    await this.#server?.close(signal);
    this.#tls?.close();
  }

  async #listen(server: HttpServer): Promise<ListenAddress> {
    try {
      return await server.listen();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new PipelineError(
        'COMPONENT_START',
        `extensions::${this.#settings.id}::endpoint: cannot listen on "${this.#config.endpoint}" (${code ?? message}). ` +
          'Choose another address, or end what listens there.',
        { cause: error },
      );
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // Nothing that a client may send along is read into memory.
    request.resume();
    if (this.#cors?.isPreflight(request) === true) {
      response.writeHead(204, [...this.#headers, ...this.#cors.preflightHeaders(request)]).end();
      return;
    }
    const { status, contentType, body } = this.#answerTo(request);
    const headers = [
      ...this.#headers,
      ...(this.#cors?.responseHeaders(request.method, request.headers.origin) ?? []),
      ...(contentType === undefined ? [] : ['Content-Type', contentType]),
      'Content-Length',
      String(Buffer.byteLength(body)),
    ];
    response.writeHead(status, headers).end(body);
  }

  #answerTo(request: IncomingMessage): Answer {
    const url = request.url ?? '/';
    const [path = '/'] = url.split('?', 1);
    if (this.#config.context.enabled && path === CONTEXT_PATH) {
      return contextAnswer(this.#settings.context, request, Date.now());
    }
    const isKnown = this.#config.path.endsWith('/')
      ? path.startsWith(this.#config.path)
      : path === this.#config.path;
    if (!isKnown || this.#monitor === undefined) return NOT_FOUND;
    const nowUnixMs = Date.now();
    return healthAnswer(this.#monitor.at(nowUnixMs), nowUnixMs, this.#config.response_body);
  }
}

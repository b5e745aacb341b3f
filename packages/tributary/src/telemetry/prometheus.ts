import { createServer, type Server } from 'node:http';
import type { SeriesAttributes, TelemetryRegistry } from '@tributary/core';
import { type PrometheusConfig, toPrometheusText } from './prometheus-text.ts';

/** Serves the process's own metrics to Prometheus, at `/metrics`. */
export class PrometheusServer {
  readonly #host: string;
  readonly #port: number;
  readonly #server: Server;

  constructor(config: PrometheusConfig, resource: SeriesAttributes, registry: TelemetryRegistry) {
    this.#host = config.host;
    this.#port = config.port;
    this.#server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
      if (request.url?.split('?', 1)[0] === '/metrics') {
        const body = toPrometheusText(registry.readings(), resource, config);
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body);
      } else {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('404 not found, try /metrics\n');
      }
    });
    this.#server.maxConnections = 64;
  }

  /**
   * Begins to listen; returns the address that it serves.
   * @throws Error when the address is taken
   */
  listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, this.#host, () => {
        this.#server.off('error', reject);
        const address = this.#server.address();
        const port = typeof address === 'object' && address !== null ? address.port : this.#port;
        resolve(`${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${port}`);
      });
    });
  }

  /** Ends all connections. Harmless when it does not listen. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.closeAllConnections();
      this.#server.close(() => resolve());
    });
  }
}

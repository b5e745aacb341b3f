import type { HealthCheckConfig } from './config.ts';
import { goDuration } from './go-duration.ts';
import type { Health } from './health.ts';

/** What is answered to a request. */
export interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** What a Go server answers to a path that it does not know. */
export const NOT_FOUND: Answer = {
  status: 404,
  contentType: 'text/plain; charset=utf-8',
  body: '404 page not found\n',
};

/**
 * The Collector's answer (extension/healthcheckextension/internal/healthcheck): 200 with
 * `{"status":"Server available","upSince":"2026-08-01T10:00:00Z","uptime":"1m2.5s"}`, or 503 with the same keys, Go's
 * zero time and an empty uptime.
 */
export function healthAnswer(
  health: Health,
  nowUnixMs: number,
  responseBody: HealthCheckConfig['response_body'],
): Answer {
  const status = health.isHealthy ? 200 : 503;
  if (responseBody !== undefined) {
    const body = health.isHealthy ? responseBody.healthy : responseBody.unhealthy;
    return { status, contentType: body === '' ? undefined : 'text/plain; charset=utf-8', body };
  }
  const content = health.isHealthy
    ? {
        status: 'Server available',
        upSince: new Date(health.readySinceUnixMs).toISOString(),
        uptime: goDuration(Math.max(0, nowUnixMs - health.readySinceUnixMs)),
      }
    : { status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' };
  return { status, contentType: 'application/json', body: JSON.stringify(content) };
}

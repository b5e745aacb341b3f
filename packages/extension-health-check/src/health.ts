import type { Host, StatusEvent } from '@tributary/core';
import type { HealthCheckConfig } from './config.ts';

/** Whether the service is available, and since when it is ready, in milliseconds since the Unix epoch. */
export interface Health {
  readonly isHealthy: boolean;
  readonly readySinceUnixMs: number;
}

/**
 * Knows how the service is: ready from the moment that its last component runs until its shutdown begins, and
 * available unless the state of a component counts against it.
 */
export class HealthMonitor {
  readonly #rules: HealthCheckConfig['component_health'];
  readonly #host: Host;
  readonly #unsubscribe: () => void;
  #readySinceUnixMs: number;

  constructor(host: Host, rules: HealthCheckConfig['component_health']) {
    this.#host = host;
    this.#rules = rules;
    this.#readySinceUnixMs = Date.now();
    // The service becomes ready with the last state that a component takes on before.
    this.#unsubscribe = host.onStatus((_, { timeUnixMs }) => {
      if (!host.isReady) this.#readySinceUnixMs = timeUnixMs;
    });
  }

  /** How the service is at this moment, in milliseconds since the Unix epoch. */
  at(nowUnixMs: number): Health {
    return {
      isHealthy: this.#host.isReady && !this.#hasFailure(nowUnixMs),
      readySinceUnixMs: this.#readySinceUnixMs,
    };
  }

  close(): void {
    this.#unsubscribe();
  }

  #hasFailure(nowUnixMs: number): boolean {
    const { include_permanent_errors: permanent, include_recoverable_errors: recoverable } = this.#rules;
    if (!permanent && !recoverable) return false;
    for (const event of this.#host.statuses().values()) if (this.#counts(event, nowUnixMs)) return true;
    return false;
  }

  #counts({ status, timeUnixMs }: StatusEvent, nowUnixMs: number): boolean {
    const rules = this.#rules;
    if (status === 'permanent_error' || status === 'fatal_error') return rules.include_permanent_errors;
    if (status !== 'recoverable_error') return false;
    return rules.include_recoverable_errors && nowUnixMs - timeUnixMs >= rules.recovery_duration;
  }
}

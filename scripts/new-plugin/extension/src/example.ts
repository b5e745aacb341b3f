import type { Component, Host, Settings } from '@tributary/core';
import type { ExampleConfig } from './config.ts';

/** Logs at an interval how many components are in which state. */
export class ExampleExtension implements Component {
  readonly #settings: Settings;
  readonly #config: ExampleConfig;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: Settings, config: ExampleConfig) {
    this.#settings = settings;
    this.#config = config;
  }

  start(host: Host): void {
    this.#timer = setInterval(() => this.#log(host), this.#config.interval);
  }

  /** Also called without `start`, and more than once. */
  shutdown(): void {
    clearInterval(this.#timer);
  }

  #log(host: Host): void {
    const counts: Record<string, number> = {};
    for (const { status } of host.statuses().values()) counts[status] = (counts[status] ?? 0) + 1;
    this.#settings.logger.info(counts, 'states of components');
  }
}

import type { FactSource, SourceState } from '@tributary/core';
import { Context } from '@tributary/core';
import { testSettings } from '@tributary/testkit';
import type { ApiClient } from '../../src/api/api-client.ts';
import type { ObjectHandler } from '../../src/api/object-handler.ts';
import type { ResourceSpec } from '../../src/api/resource-spec.ts';
import { ResourceWatch, type ResourceWatchOptions } from '../../src/api/resource-watch.ts';
import type { WatchTiming } from '../../src/api/watch-timing.ts';
import { nameOf } from './wire-forms.ts';

export const PODS: ResourceSpec = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };

/** Nothing is waited for longer than a test has time. */
export const QUICK: Partial<WatchTiming> = {
  firstDelayMs: 5,
  maxDelayMs: 100,
  maxUnavailableDelayMs: 100,
  catchUpMs: 20,
};

/** Knows which objects there are, and what it was told. */
export class Recorder implements ObjectHandler {
  readonly objects = new Set<string>();
  readonly told: string[] = [];
  #listed: Set<string> | undefined;

  listing(): void {
    this.told.push('listing');
    this.#listed = new Set();
  }

  seen(object: Uint8Array): void {
    const name = nameOf(object);
    this.told.push(`seen ${name}`);
    this.objects.add(name);
    this.#listed?.add(name);
  }

  deleted(object: Uint8Array): void {
    const name = nameOf(object);
    this.told.push(`deleted ${name}`);
    this.objects.delete(name);
    this.#listed?.delete(name);
  }

  listed(): void {
    this.told.push('listed');
    for (const name of this.objects) if (this.#listed?.has(name) === false) this.objects.delete(name);
    this.#listed = undefined;
  }

  get lists(): number {
    return this.told.filter((what) => what === 'listed').length;
  }
}

/** A watch whose doings a test can read. */
export class WatchUnderTest implements AsyncDisposable {
  readonly recorder = new Recorder();
  readonly settings = testSettings();
  readonly context = new Context();
  /** The states that the source has been in, in order. */
  readonly states: SourceState[] = [];
  readonly watch: ResourceWatch;
  readonly #client: ApiClient;

  constructor(client: ApiClient, spec: ResourceSpec, options: Partial<ResourceWatchOptions> = {}) {
    this.#client = client;
    this.context.sources.onChange(() => this.states.push(this.#source?.state ?? 'closed'));
    this.watch = new ResourceWatch(client, spec, this.recorder, {
      logger: this.settings.logger,
      telemetry: this.settings.telemetry,
      openSource: () => {
        this.#source = this.context.source('pods');
        return this.#source;
      },
      ...options,
      timing: { ...QUICK, ...options.timing },
    });
    this.watch.start();
  }

  #source: FactSource | undefined;

  get state(): SourceState | undefined {
    return this.#source?.state;
  }

  /** The metric's value, of the series with these attributes. */
  count(metric: string, attributes: string): number {
    const wanted = attributes.split(',');
    const series = Object.entries(this.settings.registry.snapshot()).filter(
      ([name]) => name.startsWith(`${metric}{`) && wanted.every((part) => name.includes(part)),
    );
    return series.reduce((sum, [, value]) => sum + Number(value), 0);
  }

  restarts(reason: string): number {
    return this.count('otelcol_k8s_watch_restarts', `reason="${reason}"`);
  }

  /** The texts of the lines that were logged as errors. */
  get errors(): unknown[] {
    return this.settings.logs.filter(({ level }) => level === 'error').map(({ fields }) => fields['error']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch.close();
    this.#client.close();
  }
}

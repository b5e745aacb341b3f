import type { Component, Consumer, Factory, Signal } from '@tributary/core';
import { signalConsumer } from '../consumers.ts';
import { nopHost } from '../host.ts';
import { numberedBatch } from '../numbered-batch.ts';
import { type TestSettings, testSettings } from '../settings.ts';
import { type Sink, sink } from '../sink.ts';

/** One instance of the component under test. */
export interface Running {
  readonly component: Component;
  /** The component as a consumer, if it is one. */
  readonly consumer: Consumer | undefined;
  /** The checked configuration that it was created with. */
  readonly config: unknown;
  readonly settings: TestSettings;
  /** What it hands on. */
  readonly sink: Sink;
  /** The signals that it takes; none for what is no consumer. */
  readonly signals: readonly Signal[];
}

/** A factory under test, with the block that its instances are created from. */
export class Subject {
  readonly factory: Factory;
  readonly #block: unknown;

  /** `block` as a user would write it, or a function that is called for each instance. */
  constructor(factory: Factory, block: unknown = {}) {
    this.factory = factory;
    this.#block = block;
  }

  /** Creates an instance that sends to `next`, or to its own sink. A processor's is made for one signal. */
  async create(signal: Signal | undefined = this.#instanceSignals()[0], next?: Consumer): Promise<Running> {
    const { kind, type } = this.factory;
    const config = await this.#config();
    const kept = sink({ mutatesData: true });
    const pipeline = kind === 'processor' && signal !== undefined ? { pipeline: signal } : {};
    const settings = testSettings({ kind, id: type, ...pipeline });
    const component = create(this.factory, config, settings, next ?? kept);
    const consumer = 'consume' in component ? (component as Component & Consumer) : undefined;
    const signals = kind === 'processor' && signal !== undefined ? [signal] : this.#consumedSignals();
    return { component, consumer, config, settings, sink: kept, signals };
  }

  /** Creates what covers all signals: one instance, of a processor one for each signal. */
  async createAll(): Promise<readonly Running[]> {
    const instances: Running[] = [];
    for (const signal of this.#instanceSignals()) instances.push(await this.create(signal));
    return instances;
  }

  /**
   * Lives the life of instances for all signals: starts each, gives it a batch of each signal, and shuts it down
   * before the batches' `consume` has settled, which it then must.
   */
  async run(): Promise<readonly Running[]> {
    const instances = await this.createAll();
    for (const { component, consumer, signals } of instances) {
      await component.start?.(nopHost());
      const consumed = signals.map(async (signal) => consumer?.consume(numberedBatch(signal, [1, 2, 3])));
      await component.shutdown?.();
      await Promise.all(consumed);
    }
    return instances;
  }

  async #config(): Promise<unknown> {
    return checkConfig(this.factory, typeof this.#block === 'function' ? await this.#block() : this.#block);
  }

  #instanceSignals(): readonly (Signal | undefined)[] {
    return this.factory.kind === 'processor' ? this.#consumedSignals() : [undefined];
  }

  #consumedSignals(): readonly Signal[] {
    const { factory } = this;
    if (factory.kind === 'extension' || factory.kind === 'receiver') return [];
    if (factory.kind === 'connector') return [...new Set(factory.routes.map(({ from }) => from))];
    return Object.keys(factory.signals) as Signal[];
  }
}

function create(factory: Factory, config: unknown, settings: TestSettings, next: Consumer): Component {
  switch (factory.kind) {
    case 'receiver':
    case 'connector':
      return factory.create(settings, config, signalConsumer(next));
    case 'processor':
      return factory.create(settings, config, next);
    case 'exporter':
    case 'extension':
      return factory.create(settings, config);
  }
}

/** Checks and freezes a block as the program does. Throws what the schema or `validate` finds. */
function checkConfig(factory: Factory, block: unknown): unknown {
  const config = deepFreeze(factory.configSchema.parse(block));
  const problems = factory.validate?.(config) ?? [];
  if (problems.length === 0) return config;
  throw new Error(problems.map(({ path, message }) => `${path.join('::')}: ${message}`).join('\n'));
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) {
    return value;
  }
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

import type { Component, Consumer, Factory, Signal } from '@tributary/core';
import { signalConsumer } from '../consumers.ts';
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
}

/** The signals that a component is to be tried with: what it takes, or for a receiver what it gives. */
export function signalsOf(factory: Factory): readonly Signal[] {
  if (factory.kind === 'extension') return [];
  if (factory.kind === 'connector') return [...new Set(factory.routes.map(({ from }) => from))];
  return Object.keys(factory.signals) as Signal[];
}

/** The signals to make one instance for: a processor's instance belongs to a pipeline, and so to one signal. */
export function instanceSignals(factory: Factory): readonly (Signal | undefined)[] {
  return factory.kind === 'processor' ? signalsOf(factory) : [undefined];
}

/** Checks a block as the configuration does, and freezes it as it does. Throws what the schema or `validate` finds. */
export function checkConfig(factory: Factory, block: unknown): unknown {
  const config = deepFreeze(factory.configSchema.parse(block));
  const problems = factory.validate?.(config) ?? [];
  if (problems.length > 0) {
    throw new Error(problems.map(({ path, message }) => `${path.join('::')}: ${message}`).join('\n'));
  }
  return config;
}

/** Creates an instance that sends to `next`, or to its own sink. */
export function createInstance(
  factory: Factory,
  config: unknown,
  pipelineSignal?: Signal,
  next?: Consumer,
): Running {
  const kept = sink({ mutatesData: true });
  const settings = testSettings({
    kind: factory.kind,
    id: factory.type,
    ...(pipelineSignal === undefined ? {} : { pipeline: pipelineSignal }),
  });
  const component = create(factory, config, settings, next ?? kept);
  const consumer = 'consume' in component ? (component as Component & Consumer) : undefined;
  return { component, consumer, config, settings, sink: kept };
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

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) {
    return value;
  }
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

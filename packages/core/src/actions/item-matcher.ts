import { ATTR_SERVICE_NAME } from '../attribute-names.ts';
import type { Signal } from '../component/signal.ts';
import type { Resource, Scope, TelemetryRecord } from '../otlp/groups.ts';
import type { LogRecord } from '../otlp/logs.ts';
import type { Metric } from '../otlp/metrics.ts';
import type { Span } from '../otlp/traces.ts';
import { compileAttributes } from './attribute-matcher.ts';
import { goString } from './go-values.ts';
import { type MatchPropertiesConfig, SPAN_KINDS } from './match-config.ts';
import { compileTexts } from './text-matcher.ts';

/**
 * A block of properties prepared for one signal. An item matches if its resource, its scope and it itself do; asking
 * for each at its level spares the resource's and the scope's tests for each item.
 */
export interface ItemMatcher {
  matchesResource(resource: Resource): boolean;
  matchesScope(scope: Scope): boolean;
  matchesItem(item: TelemetryRecord): boolean;
}

type Test<T> = (value: T) => boolean;

/** Prepares a block that `validateMatch` and `checkMatchForSignal` found to be right. */
export function compileMatcher(config: MatchPropertiesConfig, signal: Signal): ItemMatcher {
  return {
    matchesResource: allOf(resourceTests(config)),
    matchesScope: allOf(scopeTests(config)),
    matchesItem: allOf(ITEM_TESTS[signal](config)),
  };
}

function allOf<T>(tests: readonly Test<T>[]): Test<T> {
  const [only] = tests;
  if (only === undefined) return () => true;
  if (tests.length === 1) return only;
  return (value) => {
    for (const test of tests) if (!test(value)) return false;
    return true;
  };
}

function resourceTests(config: MatchPropertiesConfig): Test<Resource>[] {
  const tests: Test<Resource>[] = [];
  if (config.services.length > 0) {
    const services = compileTexts(config.services, config);
    tests.push(({ attributes }) => {
      const name = attributes.get(ATTR_SERVICE_NAME);
      return services.matches(name === undefined ? '<nil-service-name>' : goString(name));
    });
  }
  if (config.resources.length > 0) {
    const matches = compileAttributes(config.resources, config);
    tests.push(({ attributes }) => matches(attributes));
  }
  return tests;
}

function scopeTests(config: MatchPropertiesConfig): Test<Scope>[] {
  return config.libraries.flatMap(({ name, version }) => {
    const names = compileTexts([name], config);
    const versions = version === undefined ? undefined : compileTexts([version], config);
    return [
      (scope: Scope) => names.matches(scope.name),
      ...(versions === undefined ? [] : [(scope: Scope) => versions.matches(scope.version)]),
    ];
  });
}

const ITEM_TESTS: Readonly<Record<Signal, (config: MatchPropertiesConfig) => Test<TelemetryRecord>[]>> = {
  traces: (config) => spanTests(config) as Test<TelemetryRecord>[],
  logs: (config) => logTests(config) as Test<TelemetryRecord>[],
  metrics: (config) => metricTests(config) as Test<TelemetryRecord>[],
};

function spanTests(config: MatchPropertiesConfig): Test<Span>[] {
  const tests: Test<Span>[] = [];
  if (config.span_names.length > 0) {
    const names = compileTexts(config.span_names, config);
    tests.push((span) => names.matches(span.name));
  }
  if (config.span_kinds.length > 0) {
    const kinds = compileTexts(config.span_kinds, config);
    tests.push((span) => kinds.matches(SPAN_KINDS[span.kind] ?? ''));
  }
  return [...tests, ...attributeTests(config)];
}

function logTests(config: MatchPropertiesConfig): Test<LogRecord>[] {
  const tests: Test<LogRecord>[] = [];
  if (config.log_bodies.length > 0) {
    const bodies = compileTexts(config.log_bodies, config);
    tests.push((record) => bodies.matches(goString(record.body ?? null)));
  }
  if (config.log_severity_texts.length > 0) {
    const severities = compileTexts(config.log_severity_texts, config);
    tests.push((record) => severities.matches(record.severityText));
  }
  if (config.log_severity_number !== undefined) {
    const { min, match_undefined: matchUndefined } = config.log_severity_number;
    tests.push(({ severityNumber }) => (severityNumber === 0 ? matchUndefined : severityNumber >= min));
  }
  return [...tests, ...attributeTests(config)];
}

function metricTests(config: MatchPropertiesConfig): Test<Metric>[] {
  if (config.metric_names.length === 0) return [];
  const names = compileTexts(config.metric_names, config);
  return [(metric) => names.matches(metric.name)];
}

function attributeTests(config: MatchPropertiesConfig): Test<Span | LogRecord>[] {
  if (config.attributes.length === 0) return [];
  const matches = compileAttributes(config.attributes, config);
  return [({ attributes }) => matches(attributes)];
}

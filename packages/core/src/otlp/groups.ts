/**
 * The two levels above the records, which have the same shape for every signal:
 *
 *     ResourceSpans | ResourceMetrics | ResourceLogs := { 1: Resource, 2: repeated Scope…, 3: string schema_url }
 *     ScopeSpans    | ScopeMetrics    | ScopeLogs    := { 1: InstrumentationScope, 2: repeated record, 3: string schema_url }
 */
import type { Signal } from '../component/signal.ts';
import { type Attributes, AttributesView } from './attributes.ts';
import { getString, getUint32, setString, setUint32 } from './fields.ts';
import { LogRecord } from './logs.ts';
import { drop, type MessageNode } from './message.ts';
import { Metric } from './metrics.ts';
import { openRepeated, openSingular } from './open.ts';
import { RESOURCE, RESOURCE_SPANS, SCOPE, SCOPE_SPANS } from './schema.ts';
import { Span } from './traces.ts';

/** One record of a batch: of traces a span, of metrics a metric, of logs a log record. Told apart by `kindOf`. */
export type TelemetryRecord = Span | Metric | LogRecord;

/** What the telemetry of a group comes from. */
export class Resource {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, RESOURCE.attributes.number);
  }

  /** How many attributes the sender left out. */
  get droppedAttributesCount(): number {
    return getUint32(this.#node, RESOURCE.droppedAttributesCount);
  }

  set droppedAttributesCount(value: number) {
    setUint32(this.#node, RESOURCE.droppedAttributesCount, value);
  }
}

/** The instrumentation that made the records of a scope group. */
export class Scope {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  get name(): string {
    return getString(this.#node, SCOPE.name);
  }

  set name(value: string) {
    setString(this.#node, SCOPE.name, value);
  }

  get version(): string {
    return getString(this.#node, SCOPE.version);
  }

  set version(value: string) {
    setString(this.#node, SCOPE.version, value);
  }

  get attributes(): Attributes {
    return new AttributesView(this.#node, SCOPE.attributes.number);
  }

  /** How many attributes the sender left out. */
  get droppedAttributesCount(): number {
    return getUint32(this.#node, SCOPE.droppedAttributesCount);
  }

  set droppedAttributesCount(value: number) {
    setUint32(this.#node, SCOPE.droppedAttributesCount, value);
  }
}

/** The records of one resource. */
export class ResourceGroup {
  readonly signal: Signal;
  readonly #node: MessageNode;

  constructor(signal: Signal, node: MessageNode) {
    this.signal = signal;
    this.#node = node;
  }

  get resource(): Resource {
    return new Resource(openSingular(this.#node, RESOURCE_SPANS.resource.number));
  }

  /** The schema of the resource. */
  get schemaUrl(): string {
    return getString(this.#node, RESOURCE_SPANS.schemaUrl);
  }

  set schemaUrl(value: string) {
    setString(this.#node, RESOURCE_SPANS.schemaUrl, value);
  }

  scopes(): readonly ScopeGroup[] {
    return openRepeated(this.#node, RESOURCE_SPANS.scopeSpans.number).map(
      (node) => new ScopeGroup(this.signal, node),
    );
  }

  /** The records of all scopes. */
  records(): readonly TelemetryRecord[] {
    return this.scopes().flatMap((scope) => scope.records());
  }

  /** Removes the whole group from its batch. Editing a dropped group has no effect. */
  drop(): void {
    drop(this.#node);
  }
}

/** The records of one instrumentation scope. */
export class ScopeGroup {
  readonly signal: Signal;
  readonly #node: MessageNode;

  constructor(signal: Signal, node: MessageNode) {
    this.signal = signal;
    this.#node = node;
  }

  get scope(): Scope {
    return new Scope(openSingular(this.#node, SCOPE_SPANS.scope.number));
  }

  /** The schema of the scope and its records. */
  get schemaUrl(): string {
    return getString(this.#node, SCOPE_SPANS.schemaUrl);
  }

  set schemaUrl(value: string) {
    setString(this.#node, SCOPE_SPANS.schemaUrl, value);
  }

  records(): readonly TelemetryRecord[] {
    const signal = this.signal;
    const nodes = openRepeated(this.#node, SCOPE_SPANS.spans.number);
    if (signal === 'traces') return nodes.map((node) => new Span(node));
    if (signal === 'metrics') return nodes.map((node) => new Metric(node));
    return nodes.map((node) => new LogRecord(node));
  }

  /** Removes the whole group from its batch. Editing a dropped group has no effect. */
  drop(): void {
    drop(this.#node);
  }
}

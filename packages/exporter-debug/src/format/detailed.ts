/**
 * Every field of every record, in the layout of the Collector's debug exporter, which its users know
 * (open-telemetry/opentelemetry-collector, exporter/debugexporter/README.md). One field a line; what is from
 * outside is made safe to print and never cut off.
 */
import type { Attributes, Batch, LogRecord, Signal, Span, SpanEvent, SpanLink } from '@tributary/core';
import { metricLines } from './detailed-metric.ts';
import { fullTime } from './quantity.ts';
import { printable } from './text.ts';
import { typedValue } from './value.ts';
import { capitalised, severityName, spanKindName, statusName } from './words.ts';

const GROUP_NAMES: Readonly<Record<Signal, string>> = {
  traces: 'Spans',
  metrics: 'Metrics',
  logs: 'Logs',
};

/** The indentation of attributes of what stands within a record. */
export const NESTED = '     ';

/** The lines of a batch. */
export function* detailedLines(batch: Batch): Generator<string> {
  const name = GROUP_NAMES[batch.signal];
  for (const [groupIndex, group] of batch.resources().entries()) {
    const { resource } = group;
    yield `Resource${name} #${groupIndex}`;
    yield `Resource SchemaURL: ${printable(group.schemaUrl)}`;
    yield* attributeLines('Resource attributes', resource.attributes);
    yield* droppedLine('Resource dropped attributes count', resource.droppedAttributesCount);
    for (const [scopeIndex, scopeGroup] of group.scopes().entries()) {
      const { scope } = scopeGroup;
      yield `Scope${name} #${scopeIndex}`;
      yield `Scope${name} SchemaURL: ${printable(scopeGroup.schemaUrl)}`;
      yield `InstrumentationScope ${printable(scope.name)} ${printable(scope.version)}`.trimEnd();
      yield* attributeLines('InstrumentationScope attributes', scope.attributes);
      yield* droppedLine('InstrumentationScope dropped attributes count', scope.droppedAttributesCount);
      for (const [index, record] of scopeGroup.records().entries()) {
        if (record.kindOf === 'span') yield* spanLines(record, index);
        else if (record.kindOf === 'log') yield* logLines(record, index);
        else yield* metricLines(record, index);
      }
    }
  }
}

/** A heading and a line, indented, for each attribute; nothing where there is none. */
export function* attributeLines(heading: string, attributes: Attributes, indent = ''): Generator<string> {
  const keys = attributes.keys();
  if (keys.length === 0) return;
  yield `${heading}:`;
  const seen = new Set<string>();
  for (const [key, value] of attributes.entries()) {
    // Of a key that occurs again only the first one's type can be asked for.
    const type = seen.has(key) ? undefined : attributes.typeOf(key);
    seen.add(key);
    yield `${indent}     -> ${printable(key)}: ${typedValue(value, type)}`;
  }
}

/** A line for a number that is seldom other than 0. */
export function* droppedLine(name: string, count: number): Generator<string> {
  if (count > 0) yield `${name}: ${count}`;
}

function* logLines(record: LogRecord, index: number): Generator<string> {
  yield `LogRecord #${index}`;
  yield `ObservedTimestamp: ${fullTime(record.observedTimeUnixNano)}`;
  yield `Timestamp: ${fullTime(record.timeUnixNano)}`;
  yield `SeverityText: ${printable(record.severityText)}`;
  yield `SeverityNumber: ${severityText(record.severityNumber)}`;
  if (record.eventName !== '') yield `EventName: ${printable(record.eventName)}`;
  yield `Body: ${record.body === undefined ? 'Empty()' : typedValue(record.body)}`;
  yield* attributeLines('Attributes', record.attributes);
  yield* droppedLine('Dropped attributes count', record.droppedAttributesCount);
  yield `Trace ID: ${record.traceIdHex}`;
  yield `Span ID: ${record.spanIdHex}`;
  yield `Flags: ${record.flags}`;
}

function* spanLines(span: Span, index: number): Generator<string> {
  yield `Span #${index}`;
  yield `    Trace ID       : ${span.traceIdHex}`;
  yield `    Parent ID      : ${span.parentSpanIdHex}`;
  yield `    ID             : ${span.spanIdHex}`;
  if (span.traceState !== '') yield `    TraceState     : ${printable(span.traceState)}`;
  yield `    Name           : ${printable(span.name)}`;
  yield `    Kind           : ${capitalised(spanKindName(span.kind))}`;
  yield `    Start time     : ${fullTime(span.startTimeUnixNano)}`;
  yield `    End time       : ${fullTime(span.endTimeUnixNano)}`;
  yield `    Status code    : ${capitalised(statusName(span.statusCode))}`;
  yield `    Status message : ${printable(span.statusMessage)}`;
  yield* droppedLine('    Flags          ', span.flags);
  yield* droppedLine('    DroppedAttributesCount', span.droppedAttributesCount);
  yield* droppedLine('    DroppedEventsCount', span.droppedEventsCount);
  yield* droppedLine('    DroppedLinksCount', span.droppedLinksCount);
  yield* attributeLines('Attributes', span.attributes);
  const events = span.events();
  if (events.length > 0) yield 'Events:';
  for (const [at, event] of events.entries()) yield* eventLines(event, at);
  const links = span.links();
  if (links.length > 0) yield 'Links:';
  for (const [at, link] of links.entries()) yield* linkLines(link, at);
}

function* eventLines(event: SpanEvent, index: number): Generator<string> {
  yield `SpanEvent #${index}`;
  yield `     -> Name: ${printable(event.name)}`;
  yield `     -> Timestamp: ${fullTime(event.timeUnixNano)}`;
  yield `     -> DroppedAttributesCount: ${event.droppedAttributesCount}`;
  yield* attributeLines('     -> Attributes', event.attributes, NESTED);
}

function* linkLines(link: SpanLink, index: number): Generator<string> {
  yield `SpanLink #${index}`;
  yield `     -> Trace ID: ${link.traceIdHex}`;
  yield `     -> ID: ${link.spanIdHex}`;
  yield `     -> TraceState: ${printable(link.traceState)}`;
  yield `     -> Flags: ${link.flags}`;
  yield `     -> DroppedAttributesCount: ${link.droppedAttributesCount}`;
  yield* attributeLines('     -> Attributes', link.attributes, NESTED);
}

/** `Info(9)`, and `Unspecified(0)` where there is none. */
function severityText(number: number): string {
  const name = severityName(number);
  return `${name === '' ? 'Unspecified' : capitalised(name.toLowerCase())}(${number})`;
}

/** A line for each record: `basic` with what matters most, `normal` with all attributes and all data points. */
import {
  ATTR_SERVICE_NAME,
  type Attributes,
  type Batch,
  type DataPoint,
  type LogRecord,
  type Metric,
  type Span,
} from '@tributary/core';
import { Columns } from './columns.ts';
import { FlowLines, isFlow } from './flow.ts';
import { pointText } from './point.ts';
import { isProcessEvent, ProcessLines } from './process.ts';
import { duration, timeOfDay } from './quantity.ts';
import { shortened } from './text.ts';
import { messageText, shortValue } from './value.ts';
import { severityName, spanKindName, statusName } from './words.ts';

/** How much of one text is shown: a name, a message and an attribute's value. */
const NAME_LIMIT = 80;
const MESSAGE_LIMIT = 400;
const VALUE_LIMIT = 120;
/** The attributes that are shown of one record before the rest is only counted. */
const BASIC_ATTRIBUTES = 4;
const NORMAL_ATTRIBUTES = 128;
/** The data points that `basic` shows of one metric. */
const BASIC_POINTS = 1;

/** Time, kind of record, service. */
const COLUMN_WIDTHS = [
  { min: 12, max: 12 },
  { min: 6, max: 6 },
  { min: 8, max: 24 },
];

/** Makes lines of records, aligned with those it made before. */
export class RecordLines {
  readonly #isNormal: boolean;
  readonly #columns = new Columns(COLUMN_WIDTHS);
  readonly #flows = new FlowLines();
  readonly #processes = new ProcessLines();

  constructor(verbosity: 'basic' | 'normal') {
    this.#isNormal = verbosity === 'normal';
  }

  *lines(batch: Batch): Generator<string> {
    for (const group of batch.resources()) {
      const service = shortened(group.resource.attributes.getString(ATTR_SERVICE_NAME) ?? '-', NAME_LIMIT);
      for (const record of group.records()) {
        if (record.kindOf === 'span') yield this.#span(record, service);
        else if (record.kindOf === 'log') yield this.#log(record, service);
        else if (this.#isNormal) yield* this.#points(record, service);
        else yield this.#metric(record, service);
      }
    }
  }

  #log(record: LogRecord, service: string): string {
    if (!this.#isNormal && isFlow(record)) return this.#flows.line(record);
    if (!this.#isNormal && isProcessEvent(record)) return this.#processes.line(record);
    const severity = shortened(record.severityText, NAME_LIMIT) || severityName(record.severityNumber);
    const message = record.body === undefined ? '' : messageText(record.body, MESSAGE_LIMIT);
    return this.#line(record.timeUnixNano || record.observedTimeUnixNano, 'log', service, [
      severity,
      shortened(record.eventName, NAME_LIMIT),
      message,
      message === '' || this.#isNormal ? this.#attributes(record.attributes) : '',
      this.#isNormal && record.traceId.length > 0
        ? `trace ${record.traceIdHex} span ${record.spanIdHex}`
        : '',
    ]);
  }

  #span(span: Span, service: string): string {
    const seconds = Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e9;
    const status = statusName(span.statusCode);
    return this.#line(span.startTimeUnixNano, 'span', service, [
      shortened(span.name, NAME_LIMIT),
      spanKindName(span.kind),
      span.endTimeUnixNano === 0n || seconds < 0 ? '-' : duration(seconds),
      span.statusMessage === '' ? status : `${status}: ${shortened(span.statusMessage, VALUE_LIMIT)}`,
      `trace ${span.traceIdHex} span ${span.spanIdHex}`,
      this.#isNormal ? this.#attributes(span.attributes) : '',
    ]);
  }

  #metric(metric: Metric, service: string): string {
    const points = metric.dataPoints();
    const shown = points.slice(0, BASIC_POINTS).map((point) => this.#point(point));
    const more = points.length - shown.length;
    return this.#line(points[0]?.timeUnixNano ?? 0n, 'metric', service, [
      metricName(metric),
      metric.type,
      ...shown,
      more > 0
        ? `and ${more} more ${more === 1 ? 'point' : 'points'}`
        : points.length === 0
          ? 'no points'
          : '',
    ]);
  }

  *#points(metric: Metric, service: string): Generator<string> {
    const points = metric.dataPoints();
    if (points.length === 0) yield this.#metric(metric, service);
    for (const point of points) {
      yield this.#line(point.timeUnixNano, 'metric', service, [
        metricName(metric),
        metric.type,
        this.#point(point),
      ]);
    }
  }

  #point(point: DataPoint): string {
    return [this.#attributes(point.attributes), pointText(point)].filter((part) => part !== '').join(' ');
  }

  #attributes(attributes: Attributes): string {
    const keys = attributes.keys();
    const limit = this.#isNormal ? NORMAL_ATTRIBUTES : BASIC_ATTRIBUTES;
    const parts = keys
      .slice(0, limit)
      .map((key) => `${shortened(key, NAME_LIMIT)}=${shortValue(attributes.get(key) ?? null, VALUE_LIMIT)}`);
    if (keys.length > limit) parts.push(`and ${keys.length - limit} more`);
    return parts.join(' ');
  }

  #line(timeUnixNano: bigint, kind: string, service: string, texts: readonly string[]): string {
    return this.#columns.line([timeOfDay(timeUnixNano), kind, service, ...texts]);
  }
}

function metricName(metric: Metric): string {
  const name = shortened(metric.name, NAME_LIMIT);
  return metric.unit === '' ? name : `${name} (${shortened(metric.unit, NAME_LIMIT)})`;
}

/** Metrics: views over the bytes, whose setters edit the batch. */
import { type Attributes, AttributesView } from './attributes.ts';
import { ExponentialHistogramDataPoint } from './exponential-histogram-data-point.ts';
import { getBool, getInt32, getString, setBool, setInt32, setString } from './fields.ts';
import { HistogramDataPoint } from './histogram-data-point.ts';
import { drop, type MessageNode } from './message.ts';
import { DATA_FIELDS, openData, peekData } from './metric-data.ts';
import { NumberDataPoint } from './number-data-point.ts';
import { openRepeated } from './open.ts';
import { METRIC, SUM } from './schema.ts';
import { SummaryDataPoint } from './summary-data-point.ts';

/** What a metric is; `empty` if it has no data. */
export type MetricType = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary' | 'empty';

/** A data point of any metric, told apart by `kindOf`. */
export type DataPoint =
  | NumberDataPoint
  | HistogramDataPoint
  | ExponentialHistogramDataPoint
  | SummaryDataPoint;

/** One metric with its data points, which are the items that are counted. */
export class Metric {
  readonly #node: MessageNode;

  constructor(node: MessageNode) {
    this.#node = node;
  }

  /** Tells records apart. */
  get kindOf(): 'metric' {
    return 'metric';
  }

  get name(): string {
    return getString(this.#node, METRIC.name);
  }

  set name(value: string) {
    setString(this.#node, METRIC.name, value);
  }

  get description(): string {
    return getString(this.#node, METRIC.description);
  }

  set description(value: string) {
    setString(this.#node, METRIC.description, value);
  }

  /** UCUM unit. */
  get unit(): string {
    return getString(this.#node, METRIC.unit);
  }

  set unit(value: string) {
    setString(this.#node, METRIC.unit, value);
  }

  /** Facts about the metric as a whole that are not part of its identity. */
  get metadata(): Attributes {
    return new AttributesView(this.#node, METRIC.metadata.number);
  }

  get type(): MetricType {
    const data = peekData(this.#node);
    return data === undefined ? 'empty' : DATA_FIELDS[data.field]!;
  }

  /** 0 unspecified or not applicable (gauge, summary), 1 delta, 2 cumulative. Setting it where it is not applicable has no effect. */
  get aggregationTemporality(): number {
    const data = peekData(this.#node);
    return data !== undefined && hasTemporality(data) ? getInt32(data, SUM.aggregationTemporality) : 0;
  }

  set aggregationTemporality(value: number) {
    const data = openData(this.#node);
    if (data !== undefined && hasTemporality(data)) setInt32(data, SUM.aggregationTemporality, value);
  }

  /** Whether a sum never falls; false for other metrics, on which setting it has no effect. */
  get isMonotonic(): boolean {
    const data = peekData(this.#node);
    return data !== undefined && data.field === METRIC.sum.number && getBool(data, SUM.isMonotonic);
  }

  set isMonotonic(value: boolean) {
    const data = openData(this.#node);
    if (data !== undefined && data.field === METRIC.sum.number) setBool(data, SUM.isMonotonic, value);
  }

  dataPoints(): readonly DataPoint[] {
    const data = openData(this.#node);
    if (data === undefined) return [];
    const nodes = openRepeated(data, SUM.dataPoints.number);
    switch (data.field) {
      case METRIC.histogram.number:
        return nodes.map((node) => new HistogramDataPoint(node));
      case METRIC.exponentialHistogram.number:
        return nodes.map((node) => new ExponentialHistogramDataPoint(node));
      case METRIC.summary.number:
        return nodes.map((node) => new SummaryDataPoint(node));
      default:
        return nodes.map((node) => new NumberDataPoint(node));
    }
  }

  /** Removes the metric, with all its data points, from its batch. Editing it afterwards has no effect. */
  drop(): void {
    drop(this.#node);
  }
}

/** Sums, histograms and exponential histograms have it under the same number. */
function hasTemporality(data: MessageNode): boolean {
  return data.field !== METRIC.gauge.number && data.field !== METRIC.summary.number;
}

import type {
  DataPoint,
  Exemplar,
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  Metric,
  MetricType,
} from '@tributary/core';
import { attributeLines, NESTED } from './detailed.ts';
import { numberText } from './point.ts';
import { fullTime } from './quantity.ts';
import { printable } from './text.ts';
import { capitalised, temporalityName } from './words.ts';

const POINT_NAMES: Readonly<Record<DataPoint['kindOf'], string>> = {
  number: 'NumberDataPoints',
  histogram: 'HistogramDataPoints',
  exponentialHistogram: 'ExponentialHistogramDataPoints',
  summary: 'SummaryDataPoints',
};

const HAS_TEMPORALITY: ReadonlySet<MetricType> = new Set(['sum', 'histogram', 'exponentialHistogram']);

/** The lines of one metric with all its data points. */
export function* metricLines(metric: Metric, index: number): Generator<string> {
  yield `Metric #${index}`;
  yield 'Descriptor:';
  yield `     -> Name: ${printable(metric.name)}`;
  yield `     -> Description: ${printable(metric.description)}`;
  yield `     -> Unit: ${printable(metric.unit)}`;
  yield `     -> DataType: ${capitalised(metric.type)}`;
  if (metric.type === 'sum') yield `     -> IsMonotonic: ${metric.isMonotonic}`;
  if (HAS_TEMPORALITY.has(metric.type)) {
    yield `     -> AggregationTemporality: ${capitalised(temporalityName(metric.aggregationTemporality))}`;
  }
  yield* attributeLines('     -> Metadata', metric.metadata, NESTED);
  for (const [at, point] of metric.dataPoints().entries()) yield* pointLines(point, at);
}

function* pointLines(point: DataPoint, index: number): Generator<string> {
  yield `${POINT_NAMES[point.kindOf]} #${index}`;
  yield* attributeLines('Data point attributes', point.attributes);
  yield `StartTimestamp: ${fullTime(point.startTimeUnixNano)}`;
  yield `Timestamp: ${fullTime(point.timeUnixNano)}`;
  switch (point.kindOf) {
    case 'number':
      yield `Value: ${numberText(point.value)}`;
      break;
    case 'histogram':
      yield* aggregateLines(point);
      for (const [at, bound] of point.explicitBounds.entries())
        yield `ExplicitBounds #${at}: ${numberText(bound)}`;
      for (const [at, count] of point.bucketCounts.entries()) yield `Buckets #${at}, Count: ${count}`;
      break;
    case 'exponentialHistogram':
      yield* aggregateLines(point);
      yield* bucketLines(point);
      break;
    case 'summary':
      yield `Count: ${point.count}`;
      yield `Sum: ${numberText(point.sum)}`;
      for (const [at, { quantile, value }] of point.quantileValues.entries()) {
        yield `QuantileValue #${at}: Quantile ${numberText(quantile)}, Value ${numberText(value)}`;
      }
      break;
  }
  if (point.flags !== 0) yield `Flags: ${point.flags}`;
  for (const [at, exemplar] of point.exemplars().entries()) yield* exemplarLines(exemplar, at);
}

function* aggregateLines(point: HistogramDataPoint | ExponentialHistogramDataPoint): Generator<string> {
  yield `Count: ${point.count}`;
  if (point.sum !== undefined) yield `Sum: ${numberText(point.sum)}`;
  if (point.min !== undefined) yield `Min: ${numberText(point.min)}`;
  if (point.max !== undefined) yield `Max: ${numberText(point.max)}`;
}

function* bucketLines(point: ExponentialHistogramDataPoint): Generator<string> {
  yield `Scale: ${point.scale}`;
  yield `ZeroThreshold: ${numberText(point.zeroThreshold)}`;
  yield `ZeroCount: ${point.zeroCount}`;
  for (const [sign, buckets] of [
    ['Negative', point.negative],
    ['Positive', point.positive],
  ] as const) {
    for (const [at, count] of buckets.bucketCounts.entries()) {
      yield `${sign} bucket ${buckets.offset + at}, Count: ${count}`;
    }
  }
}

function* exemplarLines(exemplar: Exemplar, index: number): Generator<string> {
  yield `Exemplar #${index}`;
  yield `     -> Trace ID: ${exemplar.traceIdHex}`;
  yield `     -> Span ID: ${exemplar.spanIdHex}`;
  yield `     -> Timestamp: ${fullTime(exemplar.timeUnixNano)}`;
  yield `     -> Value: ${numberText(exemplar.value)}`;
  yield* attributeLines('     -> FilteredAttributes', exemplar.filteredAttributes, NESTED);
}

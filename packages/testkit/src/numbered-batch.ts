import { ATTR_SERVICE_NAME, type Batch, type BatchMeta, type Signal } from '@tributary/core';
import { jsonBatch } from './json-batch.ts';

/** The attribute by which the items of a test are told apart. */
const ATTR_NUMBER = 'test.number';

/** A fixed moment, so that equal numbers give equal bytes. */
const TIME_UNIX_NANO = '1700000000000000000';

/** A batch with one item (span, data point, log record) for each number, which the item carries as an attribute. */
export function numberedBatch(signal: Signal, numbers: readonly number[], meta?: BatchMeta): Batch {
  const resource = { attributes: [{ key: ATTR_SERVICE_NAME, value: { stringValue: 'testkit' } }] };
  return jsonBatch(REQUESTS[signal](resource, numbers), meta);
}

/** The numbers of a batch's items, in their order; items without one are left out. */
export function numbersOf(batch: Batch): number[] {
  const numbers: number[] = [];
  for (const record of batch.records()) {
    const items = record.kindOf === 'metric' ? record.dataPoints() : [record];
    for (const { attributes } of items) {
      const number = attributes.get(ATTR_NUMBER);
      if (typeof number === 'number') numbers.push(number);
    }
  }
  return numbers;
}

type Request = Readonly<Record<string, unknown>>;

const REQUESTS: Readonly<Record<Signal, (resource: unknown, numbers: readonly number[]) => Request>> = {
  traces: (resource, numbers) => ({
    resourceSpans: [{ resource, scopeSpans: [{ spans: numbers.map(span) }] }],
  }),
  metrics: (resource, numbers) => {
    const gauge = { name: 'test.gauge', unit: '1', gauge: { dataPoints: numbers.map(dataPoint) } };
    return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [gauge] }] }] };
  },
  logs: (resource, numbers) => ({
    resourceLogs: [{ resource, scopeLogs: [{ logRecords: numbers.map(logRecord) }] }],
  }),
};

function span(number: number): unknown {
  return {
    traceId: (number + 1).toString(16).padStart(32, '0'),
    spanId: (number + 1).toString(16).padStart(16, '0'),
    name: `span ${number}`,
    kind: 3,
    startTimeUnixNano: TIME_UNIX_NANO,
    endTimeUnixNano: TIME_UNIX_NANO,
    attributes: [attribute(number)],
  };
}

function dataPoint(number: number): unknown {
  return { timeUnixNano: TIME_UNIX_NANO, asInt: String(number), attributes: [attribute(number)] };
}

function logRecord(number: number): unknown {
  return {
    timeUnixNano: TIME_UNIX_NANO,
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: `record ${number}` },
    attributes: [attribute(number)],
  };
}

function attribute(number: number): unknown {
  return { key: ATTR_NUMBER, value: { intValue: String(number) } };
}

/** Requests to send, and what is compared of what arrived. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Batch, Signal } from '@tributary/core';
import { batchJson, jsonBatch } from '@tributary/testkit';

export type Transport = 'grpc' | 'http';

/** How requests are written. */
export interface Form {
  readonly encoding: 'proto' | 'json';
  readonly compression: string;
}

export const proto = (compression: string): Form => ({ encoding: 'proto', compression });
export const json = (compression: string): Form => ({ encoding: 'json', compression });

const TESTDATA = path.resolve(import.meta.dirname, '../../packages/core/testdata/otlp-json');

/** A request with everything that a signal has. */
export function everything(signal: Signal): Batch {
  return jsonBatch(JSON.parse(readFileSync(path.join(TESTDATA, signal, 'expected.json'), 'utf8')));
}

/** What a batch says, as OTLP/JSON. */
export function contentOf(batch: Batch): unknown {
  return withoutEmpty(batchJson(batch));
}

/** OTLP/JSON without what says nothing (some write empty messages out), and without fields of these names. */
export function withoutEmpty(request: unknown, names: readonly string[] = []): unknown {
  return JSON.parse(JSON.stringify(request), (_key, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(
      Object.entries(value).filter(([name, each]) => !isEmpty(each) && !names.includes(name)),
    );
  });
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

const IDS = ['traceId', 'spanId', 'parentSpanId'];
const numbered = (prefix: string, names: readonly string[]): [string, number][] =>
  names.map((name, number) => [`${prefix}_${name}`, number]);
const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name) =>
  ['', 2, 3, 4].map((more) => `${name}${more}`),
);
const ENUMS: ReadonlyMap<unknown, number> = new Map([
  ...numbered('SPAN_KIND', ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']),
  ...numbered('STATUS_CODE', ['UNSET', 'OK', 'ERROR']),
  ...numbered('AGGREGATION_TEMPORALITY', ['UNSPECIFIED', 'DELTA', 'CUMULATIVE']),
  ...numbered('SEVERITY_NUMBER', ['UNSPECIFIED', ...SEVERITIES]),
]);

/** OTLP/JSON of what protobuf's libraries write as JSON: they have ids in base64, and enums by their names. */
export function ofProtobufJson(request: unknown): unknown {
  return JSON.parse(JSON.stringify(request), (key, value) => {
    if (IDS.includes(key)) return Buffer.from(value, 'base64').toString('hex');
    return ENUMS.get(value) ?? value;
  });
}

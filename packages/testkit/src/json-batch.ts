import { Batch, type BatchMeta, type Signal } from '@tributary/core';

/** The first key of an OTLP/JSON request, by which its signal is known. */
const REQUEST_KEYS: Readonly<Record<Signal, string>> = {
  traces: 'resourceSpans',
  metrics: 'resourceMetrics',
  logs: 'resourceLogs',
};

/** A batch from an OTLP/JSON request, given as an object: `jsonBatch({ resourceLogs: [...] })`. */
export function jsonBatch(request: Readonly<Record<string, unknown>>, meta?: BatchMeta): Batch {
  return Batch.decodeJson(signalOf(request), new TextEncoder().encode(JSON.stringify(request)), meta);
}

/** A batch as an OTLP/JSON object, to compare with a whole value. */
export function batchJson(batch: Batch): unknown {
  return JSON.parse(batch.toJson());
}

function signalOf(request: Readonly<Record<string, unknown>>): Signal {
  for (const signal of ['traces', 'metrics', 'logs'] as const) {
    if (Object.hasOwn(request, REQUEST_KEYS[signal])) return signal;
  }
  const keys = Object.keys(request).join(', ') || 'no keys';
  throw new Error(
    `OTLP/JSON request: no signal (${keys}). It begins with resourceSpans, resourceMetrics or resourceLogs.`,
  );
}

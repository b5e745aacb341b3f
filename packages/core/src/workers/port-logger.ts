/** A worker's log: its lines are written by the main thread, so that all come through one writer. */
import type { MessagePort } from 'node:worker_threads';
import type { LogFields, Logger } from '../component/logger.ts';
import type { TelemetryConfig } from '../config/telemetry-config.ts';
import type { LogMessage } from './messages.ts';

const RANKS = { debug: 0, info: 1, warn: 2, error: 3, dpanic: 4, panic: 4, fatal: 4 } as const;

/** More lines than this in a second are dropped: what is posted waits in memory until it is written. */
const MAX_LINES = 1000;
const PERIOD_MS = 1000;

/** Makes the logger; lines below `least` are not sent. */
export function portLogger(port: MessagePort, least: TelemetryConfig['logs']['level']): Logger {
  let lines = 0;
  let dropped = 0;
  let untilMs = 0;
  const post = (level: LogMessage['level'], fields: LogFields, message: string): void => {
    const line = { kind: 'log', level, message } as const;
    try {
      port.postMessage({ ...line, fields: withPlainError(fields) } satisfies LogMessage);
    } catch {
      port.postMessage({ ...line, fields: cloneable(fields) } satisfies LogMessage);
    }
  };
  const tellDropped = (): void => {
    if (dropped > 0) post('warn', { lines: dropped }, 'lines of the log were dropped');
    dropped = 0;
  };
  const log =
    (level: LogMessage['level']) =>
    (fields: LogFields, message: string): void => {
      if (RANKS[level] < RANKS[least]) return;
      const nowMs = performance.now();
      if (nowMs >= untilMs) {
        untilMs = nowMs + PERIOD_MS;
        lines = 0;
        tellDropped();
      }
      lines += 1;
      if (lines <= MAX_LINES) post(level, fields, message);
      else if (dropped++ === 0) setTimeout(tellDropped, untilMs - nowMs).unref();
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

/** An error's code does not cross by itself. */
function withPlainError(fields: LogFields): LogFields {
  const { error } = fields;
  if (!(error instanceof Error)) return fields;
  const { message, stack } = error;
  return { ...fields, error: { message, stack, ...('code' in error ? { code: error.code } : {}) } };
}

/** The fields as they can be sent to another thread: what cannot be becomes text. */
function cloneable(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(withPlainError(fields)).map(([key, value]) => [key, cloned(value) ?? String(value)]),
  );
}

function cloned(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return undefined;
  }
}

/** The fields of a line that came from a worker, with an error where there was one. */
export function fieldsOf({ fields }: LogMessage): LogFields {
  const { error } = fields;
  if (typeof error !== 'object' || error === null || !('message' in error)) return fields;
  return { ...fields, error: Object.assign(new Error(String(error.message)), error) };
}

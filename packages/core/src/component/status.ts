/**
 * What a component says of its own state; the Collector's component status events.
 * `recoverable_error` may return to `ok`; `permanent_error` needs a person but leaves the process running;
 * `fatal_error` asks the host to shut the process down.
 */
export const STATUSES = [
  'starting',
  'ok',
  'recoverable_error',
  'permanent_error',
  'fatal_error',
  'stopping',
  'stopped',
] as const;

/** One of the component states. */
export type Status = (typeof STATUSES)[number];

/** A component's state since a moment, with the error that caused it where there is one. */
export interface StatusEvent {
  readonly status: Status;
  readonly error?: Error;
  /** When the state began, in milliseconds since the Unix epoch. */
  readonly timeUnixMs: number;
}

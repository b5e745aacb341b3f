/** One line of a log: a message and the facts that go with it. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What components write their log lines to; pino's logger fits it. One line a fact, the message in lower case
 * without the values, the values as fields. Never called once per record on the data path.
 */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** A logger whose lines carry `bound` beside their own fields; where both have a key, the line's own value holds. */
export function withFields(logger: Logger, bound: LogFields): Logger {
  return {
    debug: (fields, message) => logger.debug({ ...bound, ...fields }, message),
    info: (fields, message) => logger.info({ ...bound, ...fields }, message),
    warn: (fields, message) => logger.warn({ ...bound, ...fields }, message),
    error: (fields, message) => logger.error({ ...bound, ...fields }, message),
  };
}

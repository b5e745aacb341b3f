import type { LogFields, Logger, TelemetryConfig } from '@tributary/core';
import { type DestinationStream, destination, type Level, multistream, pino } from 'pino';
import { formatConsoleLine } from './console-line.ts';
import { LineSampler } from './line-sampler.ts';

type LogsConfig = TelemetryConfig['logs'];

/** The levels that pino has; what the Collector has above `error` silences everything below. */
const PINO_LEVELS: Readonly<Record<LogsConfig['level'], Level | 'silent'>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  dpanic: 'silent',
  panic: 'silent',
  fatal: 'silent',
};

function openPath(path: string): DestinationStream {
  if (path === 'stderr' || path === 'stdout')
    return destination({ fd: path === 'stderr' ? 2 : 1, sync: true });
  return destination({ dest: path, append: true, mkdir: false, sync: true });
}

function asConsole(stream: DestinationStream): DestinationStream {
  return { write: (line) => stream.write(formatConsoleLine(line)) };
}

/** The JSON of an error: its message, its code, and its stack where the configuration leaves it in. */
function serializeError(error: unknown, withStack: boolean): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? error.code : undefined;
  return {
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(withStack && error.stack !== undefined ? { stack: error.stack } : {}),
  };
}

/**
 * The process's own log, as `service::telemetry::logs` has it: JSON with the Collector's keys, or readable lines.
 * Writing is synchronous: a line is out when the call returns, also when the process ends right after.
 * @throws Error when a file of `output_paths` cannot be opened
 */
export function createLogger(config: LogsConfig, resource: Readonly<Record<string, unknown>>): Logger {
  const streams = config.output_paths.map((path) => {
    const stream = openPath(path);
    return { level: 'debug' as const, stream: config.encoding === 'console' ? asConsole(stream) : stream };
  });
  const withResource = config.encoding === 'json' && !config.disable_zap_resource;
  const logger = pino(
    {
      level: PINO_LEVELS[config.level],
      base: { ...(withResource ? { resource } : {}), ...config.initial_fields },
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      messageKey: 'msg',
      formatters: config.encoding === 'json' ? { level: (label) => ({ level: label }) } : {},
      serializers: {
        error: (error: unknown) =>
          serializeError(error, config.encoding === 'json' && !config.disable_stacktrace),
      },
    },
    multistream(streams),
  );
  const { enabled, tick, initial, thereafter } = config.sampling;
  if (!enabled) return logger;
  const sampler = new LineSampler({ tickMs: tick, initial, thereafter });
  const sampled =
    (level: Exclude<keyof Logger, 'child'>) =>
    (fields: LogFields, message: string): void => {
      if (logger.isLevelEnabled(level) && sampler.take(level, message, Date.now()))
        logger[level](fields, message);
    };
  return { debug: sampled('debug'), info: sampled('info'), warn: sampled('warn'), error: sampled('error') };
}

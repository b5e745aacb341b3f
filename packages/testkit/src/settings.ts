import {
  type ComponentKind,
  Context,
  type LogFields,
  type Logger,
  type Settings,
  type StatusEvent,
  TelemetryRegistry,
} from '@tributary/core';

/** One line that a component logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** Settings whose log lines, metrics and states a test can read. */
export interface TestSettings extends Settings {
  readonly logs: readonly LogLine[];
  /** `registry.snapshot()` gives the metrics: `{ 'otelcol_exporter_sent_spans{exporter="otlp"}': 3 }`. */
  readonly registry: TelemetryRegistry;
  /** What the component reported of itself, in order. */
  readonly reported: readonly Pick<StatusEvent, 'status' | 'error'>[];
}

/** What a test may choose of the settings; the kind only names the attribute that the metrics carry. */
export type TestSettingsOptions = Partial<
  Pick<Settings, 'id' | 'pipeline' | 'configDir' | 'version' | 'context'>
> & {
  readonly kind?: ComponentKind;
  readonly registry?: TelemetryRegistry;
};

/** Settings for one component in a test. Metrics are kept at level `detailed`. */
export function testSettings(options: TestSettingsOptions = {}): TestSettings {
  const {
    id = 'test',
    kind = 'receiver',
    pipeline,
    configDir = process.cwd(),
    version = '0.0.0-test',
    context = new Context(),
  } = options;
  const registry = options.registry ?? new TelemetryRegistry({ level: 'detailed' });
  const { logger, lines } = captureLogger();
  const reported: Pick<StatusEvent, 'status' | 'error'>[] = [];
  return {
    id,
    ...(pipeline === undefined ? {} : { pipeline }),
    configDir,
    version,
    context,
    logger,
    logs: lines,
    telemetry: registry.component(kind, id),
    registry,
    reportStatus: (status, error) => reported.push(error === undefined ? { status } : { status, error }),
    reported,
  };
}

/** A logger that keeps its lines. */
export function captureLogger(): { readonly logger: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const write =
    (level: LogLine['level']) =>
    (fields: LogFields, message: string): void => {
      lines.push({ level, message, fields });
    };
  return {
    logger: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    lines,
  };
}

/** Sends one span, one metric and one log record for each case, by the official OpenTelemetry SDK and its OTLP exporters. */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { credentials } from '@grpc/grpc-js';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as HttpLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as HttpMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as HttpTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Case, Ids } from '../content.ts';

export async function sendFromJavaScript(cases: readonly Case[]): Promise<readonly Ids[]> {
  const sent: Ids[] = [];
  for (const each of cases) sent.push(await send(each));
  return sent;
}

function exportersOf(each: Case) {
  const { transport, encoding, endpoint, compression, ca, cert, key, refused = false } = each;
  const timeoutMillis = refused ? 2000 : 60_000;
  const files = (names: Readonly<Record<string, string | undefined>>) =>
    Object.fromEntries(
      Object.entries(names).flatMap(([name, file]) =>
        file === undefined ? [] : [[name, readFileSync(file)]],
      ),
    ) as Record<string, Buffer>;
  const { ca: caText, cert: certText, key: keyText } = files({ ca, cert, key });
  if (transport === 'grpc') {
    const secure = credentials.createSsl(caText, keyText, certText);
    const options = {
      url: `${ca === undefined ? 'http' : 'https'}://${endpoint}`,
      compression: compression as never,
      timeoutMillis,
      credentials: ca === undefined ? credentials.createInsecure() : secure,
    };
    return {
      spans: new GrpcTraces(options as never),
      metrics: new GrpcMetrics(options as never),
      logs: new GrpcLogs(options as never),
    };
  }
  const url = (signal: string): object => ({
    url: `${ca === undefined ? 'http' : 'https'}://${endpoint}/v1/${signal}`,
    compression,
    timeoutMillis,
    ...(ca === undefined
      ? {}
      : { httpAgentOptions: () => new Agent({ ...files({ ca, cert, key }), keepAlive: true }) }),
  });
  if (encoding === 'json') {
    return {
      spans: new JsonTraces(url('traces')),
      metrics: new JsonMetrics(url('metrics')),
      logs: new JsonLogs(url('logs')),
    };
  }
  return {
    spans: new HttpTraces(url('traces')),
    metrics: new HttpMetrics(url('metrics')),
    logs: new HttpLogs(url('logs')),
  };
}

/** Keeps what an exporter says of what it could not send. */
function watch(exporter: SpanExporter): SpanExporter & { readonly complaints: string[] } {
  const complaints: string[] = [];
  return {
    complaints,
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error !== undefined) complaints.push(String(result.error));
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

async function send(each: Case): Promise<Ids> {
  const exporters = exportersOf(each);
  const resource = resourceFromAttributes({ 'service.name': 'shop', 'test.case': each.name });

  const watched = watch(exporters.spans);
  const tracers = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter: watched })],
  });
  const span = tracers.getTracer('interop', '1.2.3').startSpan('POST /charge', { kind: SpanKind.SERVER });
  span.setAttributes({ text: 'süß', number: 42, fraction: 0.5, yes: true, list: ['a', 'b'] });
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' });
  span.end();
  await tracers.forceFlush().catch(() => undefined);
  await tracers.shutdown();
  const { traceId, spanId } = span.spanContext();
  const { name } = each;
  if (each.refused === true) return { name, traceId, spanId, complaints: watched.complaints.join('; ') };

  const reader = new PeriodicExportingMetricReader({
    exporter: exporters.metrics,
    exportIntervalMillis: 3_600_000,
  });
  const meters = new MeterProvider({ resource, readers: [reader] });
  meters.getMeter('interop').createCounter('orders', { unit: '{order}' }).add(3, { region: 'eu' });
  await meters.shutdown();

  const loggers = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: exporters.logs })],
  });
  loggers.getLogger('interop').emit({
    severityNumber: 9,
    severityText: 'INFO',
    body: 'order placed',
    attributes: { user: 'ä' },
    context: trace.setSpan(ROOT_CONTEXT, span),
  });
  await loggers.forceFlush();
  await loggers.shutdown();
  return { name, traceId, spanId };
}

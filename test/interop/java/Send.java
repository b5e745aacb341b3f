import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Sends one span, one metric and one log record for each case, by the official OpenTelemetry SDK and its OTLP exporters. A case is
 * a line of standard input: name, transport, endpoint, compression, "refused" or "sent", and with TLS the files of the CA, the
 * certificate and its key, between tabs. Writes for each a line with the ids that it made; of one that is to be refused the span alone is
 * sent, once, and what is said of it is written.
 */
class Send {
  record Case(String name, String transport, String endpoint, String compression, boolean refused, String ca, String cert,
      String key) {
    static Case of(String line) {
      String[] parts = Arrays.copyOf(line.split("\t"), 8);
      return new Case(parts[0], parts[1], parts[2], parts[3], parts[4].equals("refused"), parts[5], parts[6], parts[7]);
    }

    String url(String path) {
      return (ca == null ? "http://" : "https://") + endpoint + path;
    }
  }

  record Exporters(SpanExporter spans, MetricExporter metrics, LogRecordExporter logs) {}

  static byte[] read(String file) throws Exception {
    return Files.readAllBytes(Path.of(file));
  }

  static Exporters grpcExporters(Case each) throws Exception {
    var spans = OtlpGrpcSpanExporter.builder().setEndpoint(each.url("")).setCompression(each.compression());
    var metrics = OtlpGrpcMetricExporter.builder().setEndpoint(each.url("")).setCompression(each.compression());
    var logs = OtlpGrpcLogRecordExporter.builder().setEndpoint(each.url("")).setCompression(each.compression());
    if (each.refused()) spans.setRetryPolicy(null);
    if (each.ca() != null) {
      spans.setTrustedCertificates(read(each.ca()));
      metrics.setTrustedCertificates(read(each.ca()));
      logs.setTrustedCertificates(read(each.ca()));
    }
    if (each.cert() != null) {
      spans.setClientTls(read(each.key()), read(each.cert()));
      metrics.setClientTls(read(each.key()), read(each.cert()));
      logs.setClientTls(read(each.key()), read(each.cert()));
    }
    return new Exporters(spans.build(), metrics.build(), logs.build());
  }

  static Exporters httpExporters(Case each) throws Exception {
    var spans = OtlpHttpSpanExporter.builder().setEndpoint(each.url("/v1/traces")).setCompression(each.compression());
    var metrics = OtlpHttpMetricExporter.builder().setEndpoint(each.url("/v1/metrics")).setCompression(each.compression());
    var logs = OtlpHttpLogRecordExporter.builder().setEndpoint(each.url("/v1/logs")).setCompression(each.compression());
    if (each.refused()) spans.setRetryPolicy(null);
    if (each.ca() != null) {
      spans.setTrustedCertificates(read(each.ca()));
      metrics.setTrustedCertificates(read(each.ca()));
      logs.setTrustedCertificates(read(each.ca()));
    }
    if (each.cert() != null) {
      spans.setClientTls(read(each.key()), read(each.cert()));
      metrics.setClientTls(read(each.key()), read(each.cert()));
      logs.setClientTls(read(each.key()), read(each.cert()));
    }
    return new Exporters(spans.build(), metrics.build(), logs.build());
  }

  static void send(Case each) throws Exception {
    Exporters to = each.transport().equals("grpc") ? grpcExporters(each) : httpExporters(each);
    Resource resource = Resource.create(
        Attributes.of(AttributeKey.stringKey("service.name"), "shop", AttributeKey.stringKey("test.case"), each.name()));

    var tracers = SdkTracerProvider.builder().setResource(resource)
        .addSpanProcessor(BatchSpanProcessor.builder(to.spans()).build()).build();
    Span span = tracers.tracerBuilder("interop").setInstrumentationVersion("1.2.3").build()
        .spanBuilder("POST /charge").setSpanKind(SpanKind.SERVER).startSpan();
    span.setAttribute("text", "süß").setAttribute("number", 42).setAttribute("fraction", 0.5).setAttribute("yes", true)
        .setAttribute(AttributeKey.stringArrayKey("list"), Arrays.asList("a", "b"));
    span.setStatus(StatusCode.ERROR, "declined").end();
    if (each.refused()) {
      var result = to.spans().export(List.of(((ReadableSpan) span).toSpanData())).join(20, TimeUnit.SECONDS);
      String complaints = String.valueOf(result.getFailureThrowable()).replaceAll("[^ -~]|[\\\\\"]", " ");
      System.out.println("{\"name\":\"" + each.name() + "\",\"complaints\":\"" + complaints + "\"}");
      return;
    }
    tracers.shutdown().join(20, TimeUnit.SECONDS);

    var meters = SdkMeterProvider.builder().setResource(resource)
        .registerMetricReader(PeriodicMetricReader.create(to.metrics())).build();
    meters.get("interop").counterBuilder("orders").setUnit("{order}").build()
        .add(3, Attributes.of(AttributeKey.stringKey("region"), "eu"));
    meters.shutdown().join(20, TimeUnit.SECONDS);

    var loggers = SdkLoggerProvider.builder().setResource(resource)
        .addLogRecordProcessor(BatchLogRecordProcessor.builder(to.logs()).build()).build();
    loggers.get("interop").logRecordBuilder().setTimestamp(System.currentTimeMillis(), TimeUnit.MILLISECONDS)
        .setContext(Context.root().with(span)).setSeverity(Severity.INFO).setSeverityText("INFO").setBody("order placed")
        .setAttribute(AttributeKey.stringKey("user"), "ä").emit();
    loggers.shutdown().join(20, TimeUnit.SECONDS);

    var ids = span.getSpanContext();
    System.out.printf("{\"name\":\"%s\",\"traceId\":\"%s\",\"spanId\":\"%s\"}%n", each.name(), ids.getTraceId(), ids.getSpanId());
  }

  public static void main(String[] args) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) send(Case.of(line));
    System.exit(0);
  }
}

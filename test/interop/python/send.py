"""Sends one span, one metric and one log record for each case, by the official OpenTelemetry SDK and its OTLP exporters.

Reads the cases as JSON from standard input; writes for each a line with the ids that it made. Of one that is to be refused the span
alone is sent, and what is said of it is written.
"""

import json
import logging
import sys
import time

import grpc
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcTraces
from opentelemetry.exporter.otlp.proto.http import Compression as HttpCompression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpTraces
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

GRPC_COMPRESSIONS = {
    "none": grpc.Compression.NoCompression,
    "gzip": grpc.Compression.Gzip,
    "deflate": grpc.Compression.Deflate,
}
HTTP_COMPRESSIONS = {
    "none": HttpCompression.NoCompression,
    "gzip": HttpCompression.Gzip,
    "deflate": HttpCompression.Deflate,
}


def content(path):
    with open(path, "rb") as file:
        return file.read()


def waiting(case):
    """How long to try what is to be refused."""
    return {"timeout": 2} if case.get("refused") else {}


def grpc_exporters(case):
    compression = GRPC_COMPRESSIONS[case["compression"]]
    options = {"endpoint": case["endpoint"], "compression": compression, **waiting(case)}
    if "ca" in case:
        key, cert = (content(case["key"]), content(case["cert"])) if "cert" in case else (None, None)
        options["credentials"] = grpc.ssl_channel_credentials(content(case["ca"]), key, cert)
    else:
        options["insecure"] = True
    return GrpcTraces(**options), GrpcMetrics(**options), GrpcLogs(**options)


def http_exporters(case):
    scheme = "https" if "ca" in case else "http"
    options = {"compression": HTTP_COMPRESSIONS[case["compression"]], **waiting(case)}
    if "ca" in case:
        options["certificate_file"] = case["ca"]
    if "cert" in case:
        options["client_certificate_file"] = case["cert"]
        options["client_key_file"] = case["key"]
    kinds = {"traces": HttpTraces, "metrics": HttpMetrics, "logs": HttpLogs}
    return [kind(f"{scheme}://{case['endpoint']}/v1/{signal}", **options) for signal, kind in kinds.items()]


def send(case):
    spans, metrics, logs = (grpc_exporters if case["transport"] == "grpc" else http_exporters)(case)
    resource = Resource({"service.name": "shop", "test.case": case["name"]})

    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    span = tracers.get_tracer("interop", "1.2.3").start_span("POST /charge", kind=trace.SpanKind.SERVER)
    span.set_attributes({"text": "süß", "number": 42, "fraction": 0.5, "yes": True, "list": ["a", "b"]})
    span.set_status(trace.StatusCode.ERROR, "declined")
    span.end()
    tracers.shutdown()
    if case.get("refused"):
        print(json.dumps({"name": case["name"], "complaints": "\n".join(complaints)}))
        complaints.clear()
        return

    meters = MeterProvider([PeriodicExportingMetricReader(metrics)], resource, shutdown_on_exit=False)
    meters.get_meter("interop").create_counter("orders", unit="{order}").add(3, {"region": "eu"})
    meters.shutdown()

    loggers = LoggerProvider(resource, shutdown_on_exit=False)
    loggers.add_log_record_processor(BatchLogRecordProcessor(logs))
    loggers.get_logger("interop").emit(
        LogRecord(
            timestamp=time.time_ns(),
            context=trace.set_span_in_context(span),
            severity_number=SeverityNumber.INFO,
            severity_text="INFO",
            body="order placed",
            attributes={"user": "ä"},
        )
    )
    loggers.shutdown()

    ids = span.get_span_context()
    print(json.dumps({"name": case["name"], "traceId": f"{ids.trace_id:032x}", "spanId": f"{ids.span_id:016x}"}))


class Complaints(logging.Handler):
    def emit(self, record):
        complaints.append(record.getMessage())


complaints = []
cases = json.load(sys.stdin)
if any(each.get("refused") for each in cases):
    logging.getLogger("opentelemetry").addHandler(Complaints())
for each in cases:
    send(each)

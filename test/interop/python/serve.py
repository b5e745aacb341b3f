"""Takes OTLP by the official gRPC library and stubs, and by HTTP, each in clear text, with TLS and with mutual TLS.

Reads {"ca", "cert", "key"} as JSON from standard input; writes a line with the ports, and then one for each request: how it came
and what it held, as the official library writes protobuf in JSON.
"""

import gzip
import json
import ssl
import sys
import threading
import zlib
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

REQUESTS = {
    "/v1/traces": trace_service_pb2.ExportTraceServiceRequest,
    "/v1/metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "/v1/logs": logs_service_pb2.ExportLogsServiceRequest,
}
DECODERS = {
    None: lambda body: body,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zlib": zlib.decompress,
}
LARGEST = 64 * 1024 * 1024
lock = threading.Lock()


def say(value):
    with lock:
        print(json.dumps(value), flush=True)


def taken(how, encoding, request):
    say({"how": how, "encoding": encoding, "request": MessageToDict(request)})


def service(base, how, answer):
    class Service(base):
        def Export(self, request, context):
            # The library keeps how a call was compressed to itself.
            taken(how, None, request)
            return answer()

    return Service()


def serve_grpc(how, credentials):
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", LARGEST)])
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(
        service(trace_service_pb2_grpc.TraceServiceServicer, how, trace_service_pb2.ExportTraceServiceResponse), server
    )
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(
        service(metrics_service_pb2_grpc.MetricsServiceServicer, how, metrics_service_pb2.ExportMetricsServiceResponse),
        server,
    )
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(
        service(logs_service_pb2_grpc.LogsServiceServicer, how, logs_service_pb2.ExportLogsServiceResponse), server
    )
    address = "127.0.0.1:0"
    port = server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
    server.start()
    # The server lives as long as somebody has it.
    servers.append(server)
    return port


def serve_http(how, context):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            encoding = self.headers.get("content-encoding")
            taken(how, encoding, REQUESTS[self.path].FromString(DECODERS[encoding](body)))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def read(path):
    with open(path, "rb") as file:
        return file.read()


def tls_context(files, is_mutual):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files["cert"], files["key"])
    if is_mutual:
        context.load_verify_locations(files["ca"])
        context.verify_mode = ssl.CERT_REQUIRED
    return context


servers = []
files = json.loads(sys.stdin.readline())
pair = [(read(files["key"]), read(files["cert"]))]
ports = {
    "grpc/plain": serve_grpc("grpc/plain", None),
    "grpc/tls": serve_grpc("grpc/tls", grpc.ssl_server_credentials(pair)),
    "grpc/mtls": serve_grpc("grpc/mtls", grpc.ssl_server_credentials(pair, read(files["ca"]), True)),
    "http/plain": serve_http("http/plain", None),
    "http/tls": serve_http("http/tls", tls_context(files, False)),
    "http/mtls": serve_http("http/mtls", tls_context(files, True)),
}
say({"ports": ports})
# Ends with the test.
sys.stdin.read()

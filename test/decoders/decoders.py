"""An OTLP server for logs of what people take in Python: http.server with gzip and zstandard, and grpcio.

Prints the two ports, then one line for each request: how many log records it found, or what was wrong.
"""
import gzip
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import zstandard
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

DECODERS = {
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


def report(request):
    records = [r for g in request.resource_logs for s in g.scope_logs for r in s.log_records]
    print(f"records {len(records)}", flush=True)
    return logs_service_pb2.ExportLogsServiceResponse()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            content = DECODERS[self.headers["content-encoding"]](body)
            answer = report(logs_service_pb2.ExportLogsServiceRequest.FromString(content)).SerializeToString()
            status = 200
        except Exception as error:
            answer, status = str(error).encode(), 400
        self.send_response(status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Logs(logs_service_pb2_grpc.LogsServiceServicer):
    def Export(self, request, _context):
        return report(request)


http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server = grpc.server(futures.ThreadPoolExecutor(2))
logs_service_pb2_grpc.add_LogsServiceServicer_to_server(Logs(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"ports {http.server_port} {port}", flush=True)
http.serve_forever()

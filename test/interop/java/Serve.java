import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.TlsServerCredentials;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse;
import io.opentelemetry.proto.collector.logs.v1.LogsServiceGrpc;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.opentelemetry.proto.collector.metrics.v1.MetricsServiceGrpc;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;

/**
 * Takes OTLP by the official gRPC library and stubs: in clear text, with TLS and with mutual TLS. Reads the files of the CA, the
 * certificate and its key from a line of standard input, between tabs; writes a line with the ports, and then one for each request:
 * how it came and what it held, as the official library writes protobuf in JSON.
 */
class Serve {
  static final int LARGEST = 64 * 1024 * 1024;
  static final Metadata.Key<String> ENCODING = Metadata.Key.of("grpc-encoding", Metadata.ASCII_STRING_MARSHALLER);
  static final Context.Key<String> CALL_ENCODING = Context.key("encoding");

  static synchronized void say(String line) {
    System.out.println(line);
  }

  static void taken(String how, Message request) {
    try {
      String json = JsonFormat.printer().omittingInsignificantWhitespace().print(request);
      String encoding = CALL_ENCODING.get();
      String quoted = encoding == null ? "null" : "\"" + encoding + "\"";
      say("{\"how\":\"" + how + "\",\"encoding\":" + quoted + ",\"request\":" + json + "}");
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  static <T> void answer(StreamObserver<T> observer, T response) {
    observer.onNext(response);
    observer.onCompleted();
  }

  /** Tells the services how a call was compressed. */
  static final ServerInterceptor ENCODINGS = new ServerInterceptor() {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      return Contexts.interceptCall(Context.current().withValue(CALL_ENCODING, headers.get(ENCODING)), call, headers, next);
    }
  };

  static int serve(String how, ServerCredentials credentials) throws Exception {
    return Grpc.newServerBuilderForPort(0, credentials).maxInboundMessageSize(LARGEST).intercept(ENCODINGS)
        .addService(new TraceServiceGrpc.TraceServiceImplBase() {
          @Override
          public void export(ExportTraceServiceRequest request, StreamObserver<ExportTraceServiceResponse> observer) {
            taken(how, request);
            answer(observer, ExportTraceServiceResponse.getDefaultInstance());
          }
        })
        .addService(new MetricsServiceGrpc.MetricsServiceImplBase() {
          @Override
          public void export(ExportMetricsServiceRequest request, StreamObserver<ExportMetricsServiceResponse> observer) {
            taken(how, request);
            answer(observer, ExportMetricsServiceResponse.getDefaultInstance());
          }
        })
        .addService(new LogsServiceGrpc.LogsServiceImplBase() {
          @Override
          public void export(ExportLogsServiceRequest request, StreamObserver<ExportLogsServiceResponse> observer) {
            taken(how, request);
            answer(observer, ExportLogsServiceResponse.getDefaultInstance());
          }
        })
        .build().start().getPort();
  }

  public static void main(String[] args) throws Exception {
    var input = new BufferedReader(new InputStreamReader(System.in));
    String[] files = input.readLine().split("\t");
    File ca = new File(files[0]);
    File cert = new File(files[1]);
    File key = new File(files[2]);
    int plain = serve("grpc/plain", InsecureServerCredentials.create());
    int tls = serve("grpc/tls", TlsServerCredentials.newBuilder().keyManager(cert, key).build());
    int mutual = serve("grpc/mtls", TlsServerCredentials.newBuilder().keyManager(cert, key).trustManager(ca)
        .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE).build());
    say("{\"ports\":{\"grpc/plain\":" + plain + ",\"grpc/tls\":" + tls + ",\"grpc/mtls\":" + mutual + "}}");
    // Ends with the test.
    while (input.readLine() != null) {}
    System.exit(0);
  }
}

import com.github.luben.zstd.ZstdInputStream;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.grpc.Codec;
import io.grpc.Decompressor;
import io.grpc.DecompressorRegistry;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse;
import io.opentelemetry.proto.collector.logs.v1.LogsServiceGrpc;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.zip.GZIPInputStream;

/**
 * An OTLP server for logs of what people take in Java: the JDK's HTTP server with GZIPInputStream and zstd-jni, and grpc-java, to which
 * zstd is added as it documents.
 *
 * <p>Prints the two ports, then one line for each request: how many log records it found.
 */
public final class Decoders {
  private static final class Zstd implements Decompressor {
    @Override
    public String getMessageEncoding() {
      return "zstd";
    }

    @Override
    public InputStream decompress(InputStream in) throws IOException {
      return new ZstdInputStream(in);
    }
  }

  private static final class Logs extends LogsServiceGrpc.LogsServiceImplBase {
    @Override
    public void export(ExportLogsServiceRequest request, StreamObserver<ExportLogsServiceResponse> answer) {
      report(request);
      answer.onNext(ExportLogsServiceResponse.getDefaultInstance());
      answer.onCompleted();
    }
  }

  public static void main(String[] args) throws Exception {
    int grpc =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .decompressorRegistry(
                DecompressorRegistry.getDefaultInstance().with(new Codec.Gzip(), true).with(new Zstd(), true))
            .addService(new Logs())
            .build()
            .start()
            .getPort();
    HttpServer http = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    http.createContext("/", Decoders::answer);
    http.start();
    System.out.println("ports " + http.getAddress().getPort() + " " + grpc);
  }

  private static void answer(HttpExchange exchange) throws IOException {
    byte[] answer;
    int status = 200;
    try (InputStream body = decoded(exchange)) {
      report(ExportLogsServiceRequest.parseFrom(body));
      answer = ExportLogsServiceResponse.getDefaultInstance().toByteArray();
    } catch (IOException error) {
      answer = String.valueOf(error.getMessage()).getBytes();
      status = 400;
    }
    exchange.getResponseHeaders().set("content-type", "application/x-protobuf");
    exchange.sendResponseHeaders(status, answer.length == 0 ? -1 : answer.length);
    exchange.getResponseBody().write(answer);
    exchange.close();
  }

  private static InputStream decoded(HttpExchange exchange) throws IOException {
    InputStream body = exchange.getRequestBody();
    return exchange.getRequestHeaders().getFirst("content-encoding").equals("gzip")
        ? new GZIPInputStream(body)
        : new ZstdInputStream(body);
  }

  private static void report(ExportLogsServiceRequest request) {
    int records =
        request.getResourceLogsList().stream()
            .flatMap(group -> group.getScopeLogsList().stream())
            .mapToInt(scope -> scope.getLogRecordsCount())
            .sum();
    System.out.println("records " + records);
  }
}

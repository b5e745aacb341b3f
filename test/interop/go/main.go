// Sends one span, one metric and one log record for each case, by the official OpenTelemetry SDK and its OTLP exporters.
// Reads the cases as JSON from standard input; writes for each a line with the ids that it made.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/credentials"
)

type testCase struct {
	Name        string `json:"name"`
	Transport   string `json:"transport"`
	Endpoint    string `json:"endpoint"`
	Compression string `json:"compression"`
	CA          string `json:"ca"`
	Cert        string `json:"cert"`
	Key         string `json:"key"`
	// Refused cases send a span alone, once, and tell what is said of it.
	Refused bool `json:"refused"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// tlsConfig is nil for a connection in clear text.
func (c testCase) tlsConfig() *tls.Config {
	if c.CA == "" {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(must(os.ReadFile(c.CA)))
	config := &tls.Config{RootCAs: pool}
	if c.Cert != "" {
		config.Certificates = []tls.Certificate{must(tls.LoadX509KeyPair(c.Cert, c.Key))}
	}
	return config
}

type exporters struct {
	traces  sdktrace.SpanExporter
	metrics sdkmetric.Exporter
	logs    sdklog.Exporter
}

func (c testCase) grpcExporters(ctx context.Context) exporters {
	traces := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(c.Endpoint)}
	metrics := []otlpmetricgrpc.Option{otlpmetricgrpc.WithEndpoint(c.Endpoint)}
	logs := []otlploggrpc.Option{otlploggrpc.WithEndpoint(c.Endpoint)}
	if config := c.tlsConfig(); config != nil {
		traces = append(traces, otlptracegrpc.WithTLSCredentials(credentials.NewTLS(config)))
		metrics = append(metrics, otlpmetricgrpc.WithTLSCredentials(credentials.NewTLS(config)))
		logs = append(logs, otlploggrpc.WithTLSCredentials(credentials.NewTLS(config)))
	} else {
		traces = append(traces, otlptracegrpc.WithInsecure())
		metrics = append(metrics, otlpmetricgrpc.WithInsecure())
		logs = append(logs, otlploggrpc.WithInsecure())
	}
	if c.Compression != "none" {
		traces = append(traces, otlptracegrpc.WithCompressor(c.Compression))
		metrics = append(metrics, otlpmetricgrpc.WithCompressor(c.Compression))
		logs = append(logs, otlploggrpc.WithCompressor(c.Compression))
	}
	return exporters{
		traces:  must(otlptrace.New(ctx, otlptracegrpc.NewClient(traces...))),
		metrics: must(otlpmetricgrpc.New(ctx, metrics...)),
		logs:    must(otlploggrpc.New(ctx, logs...)),
	}
}

func (c testCase) httpExporters(ctx context.Context) exporters {
	traces := []otlptracehttp.Option{otlptracehttp.WithEndpoint(c.Endpoint)}
	metrics := []otlpmetrichttp.Option{otlpmetrichttp.WithEndpoint(c.Endpoint)}
	logs := []otlploghttp.Option{otlploghttp.WithEndpoint(c.Endpoint)}
	if config := c.tlsConfig(); config != nil {
		traces = append(traces, otlptracehttp.WithTLSClientConfig(config))
		metrics = append(metrics, otlpmetrichttp.WithTLSClientConfig(config))
		logs = append(logs, otlploghttp.WithTLSClientConfig(config))
	} else {
		traces = append(traces, otlptracehttp.WithInsecure())
		metrics = append(metrics, otlpmetrichttp.WithInsecure())
		logs = append(logs, otlploghttp.WithInsecure())
	}
	if c.Compression == "gzip" {
		traces = append(traces, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		metrics = append(metrics, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
		logs = append(logs, otlploghttp.WithCompression(otlploghttp.GzipCompression))
	}
	return exporters{
		traces:  must(otlptrace.New(ctx, otlptracehttp.NewClient(traces...))),
		metrics: must(otlpmetrichttp.New(ctx, metrics...)),
		logs:    must(otlploghttp.New(ctx, logs...)),
	}
}

func send(ctx context.Context, c testCase) {
	var to exporters
	if c.Transport == "grpc" {
		to = c.grpcExporters(ctx)
	} else {
		to = c.httpExporters(ctx)
	}
	described := resource.NewSchemaless(attribute.String("service.name", "shop"), attribute.String("test.case", c.Name))

	traces := sdktrace.NewTracerProvider(sdktrace.WithResource(described), sdktrace.WithBatcher(to.traces))
	spanCtx, span := traces.Tracer("interop", trace.WithInstrumentationVersion("1.2.3")).Start(ctx, "POST /charge",
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("text", "süß"), attribute.Int("number", 42), attribute.Float64("fraction", 0.5),
			attribute.Bool("yes", true), attribute.StringSlice("list", []string{"a", "b"})))
	span.SetStatus(codes.Error, "declined")
	span.End()
	if c.Refused {
		limited, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		complaints := fmt.Sprint(traces.ForceFlush(limited))
		fmt.Println(string(must(json.Marshal(map[string]string{"name": c.Name, "complaints": complaints}))))
		return
	}

	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithResource(described),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(to.metrics)))
	counter := must(metrics.Meter("interop").Int64Counter("orders", metric.WithUnit("{order}")))
	counter.Add(ctx, 3, metric.WithAttributes(attribute.String("region", "eu")))

	logs := sdklog.NewLoggerProvider(sdklog.WithResource(described), sdklog.WithProcessor(sdklog.NewBatchProcessor(to.logs)))
	var record log.Record
	record.SetTimestamp(time.Now())
	record.SetSeverity(log.SeverityInfo)
	record.SetSeverityText("INFO")
	record.SetBody(log.StringValue("order placed"))
	record.AddAttributes(log.String("user", "ä"))
	logs.Logger("interop").Emit(spanCtx, record)

	for _, shutdown := range []func(context.Context) error{traces.Shutdown, metrics.Shutdown, logs.Shutdown} {
		if err := shutdown(ctx); err != nil {
			panic(err)
		}
	}
	ids := map[string]string{
		"name":    c.Name,
		"traceId": span.SpanContext().TraceID().String(),
		"spanId":  span.SpanContext().SpanID().String(),
	}
	fmt.Println(string(must(json.Marshal(ids))))
}

func main() {
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, each := range cases {
		send(ctx, each)
	}
}

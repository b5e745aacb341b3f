// Plugins write their schemas with the very zod that reads them.
export { z } from 'zod';
export {
  type AttributeActionConfig,
  attributeActionsSchema,
} from './actions/action-config.ts';
export type { AttributeAction } from './actions/attribute-action.ts';
export { compileActions } from './actions/compile-actions.ts';
export { compileMatcher, type ItemMatcher } from './actions/item-matcher.ts';
export {
  checkMatchForSignal,
  type MatchPropertiesConfig,
  matchPropertiesSchema,
} from './actions/match-config.ts';
export { compilePattern, compileValidPattern, notAPattern, type Pattern } from './actions/pattern.ts';
export * from './attribute-names.ts';
export * from './component/component.ts';
export * from './component/factory.ts';
export * from './component/logger.ts';
export * from './component/memory-gate.ts';
export { Outbox, type OutboxOptions } from './component/outbox.ts';
export * from './component/periodic-receiver.ts';
export * from './component/repeated-log.ts';
export * from './component/signal.ts';
export * from './component/status.ts';
export {
  ConfigError,
  type Diagnostic,
  type Excerpt,
  type Severity,
} from './config/diagnostic.ts';
export * from './config/duration.ts';
export * from './config/endpoint.ts';
export * from './config/format-diagnostic.ts';
export { configSchema, type JsonSchema } from './config/json-schema.ts';
export {
  type ConfigSources,
  type LoadConfigOptions,
  type LoadedConfig,
  type LoadedPlugins,
  loadConfig,
  loadConfigPlugins,
} from './config/load-config.ts';
export { type RegisteredFactory, Registry } from './config/registry.ts';
export * from './config/resolved-config.ts';
export * from './config/schema-types.ts';
export { nearest } from './config/suggest.ts';
export * from './config/telemetry-config.ts';
export type { OtlpReaderConfig } from './config/telemetry-readers.ts';
export * from './context/address-key.ts';
export { type Claim, type ClaimCounts, ClaimTable, type ClaimTableOptions } from './context/claim-table.ts';
export * from './context/context.ts';
export * from './context/describe.ts';
export * from './context/entities.ts';
export { type ImageReference, parseImageReference } from './context/image-reference.ts';
export { PrefixMap, PrefixMapBuilder } from './context/prefix-map.ts';
export { maskAddress, type Prefix, parsePrefix, RangeTable } from './context/range-table.ts';
export type { FactSource, FactSources, SourceState } from './context/sources.ts';
export type { KeyPattern, WantedKeys } from './context/wanted-keys.ts';
export * from './errors.ts';
export * from './exporter/config.ts';
export { createExporter, type ExporterOptions } from './exporter/create-exporter.ts';
export type { Send, SendResult } from './exporter/send.ts';
export { Fifo } from './fifo.ts';
export { type Linked, LinkedList } from './linked-list.ts';
export { BodyPieces, joinPieces } from './net/body-pieces.ts';
export { Cancellation, type CancelSignal, toAbortSignal } from './net/cancel-signal.ts';
export { compressRequest, type RequestCompression } from './net/compress-request.ts';
export * from './net/compression.ts';
export * from './net/cors.ts';
export * from './net/http-server.ts';
export { type Answer, AnswerTooLargeError } from './net/http1/answer-parser.ts';
export type { BodyEnd, BodyListener } from './net/http1/body-intake.ts';
export { ClientPool, type ClientPoolOptions } from './net/http1/client-pool.ts';
export type { Field } from './net/http1/head.ts';
export type { HeadRefusal, PlainCall, PlainHandler } from './net/http1/plain-call.ts';
export * from './net/listen.ts';
export * from './net/request-body.ts';
export * from './net/rpc-status.ts';
export * from './net/server-config.ts';
export { sharedReads, withSharedReads } from './net/shared-reads.ts';
export * from './net/tls.ts';
export * from './net/tls-config.ts';
export { tlsFailure } from './net/tls-failures.ts';
export type { TlsFileOptions } from './net/tls-files.ts';
export { type AnyValue, DoubleValue, double, type ValueType } from './otlp/any-value.ts';
export type { Attributes } from './otlp/attributes.ts';
export { Batch } from './otlp/batch.ts';
export { type BatchMeta, NO_META } from './otlp/batch-meta.ts';
export { MAX_MESSAGE_DEPTH } from './otlp/check.ts';
export { type AttributesOwner, EncodedAttributes } from './otlp/encoded-attributes.ts';
export { EncodedText } from './otlp/encoded-text.ts';
export { isEventOfName } from './otlp/event-name.ts';
export type { Exemplar } from './otlp/exemplar.ts';
export type {
  ExponentialBuckets,
  ExponentialHistogramDataPoint,
} from './otlp/exponential-histogram-data-point.ts';
export type { Resource, ResourceGroup, Scope, ScopeGroup, TelemetryRecord } from './otlp/groups.ts';
export type { HistogramDataPoint } from './otlp/histogram-data-point.ts';
export type { ItemVisitor } from './otlp/item-edits.ts';
export type { ItemBytes } from './otlp/item-writer.ts';
export { LogRecordReader } from './otlp/log-record-reader.ts';
export type { LogRecord } from './otlp/logs.ts';
export { copyRange, Memory } from './otlp/memory.ts';
export type { DataPoint, Metric, MetricType } from './otlp/metrics.ts';
export type { NumberDataPoint } from './otlp/number-data-point.ts';
export type { SpanEvent } from './otlp/span-event.ts';
export type { SpanLink } from './otlp/span-link.ts';
export type { SplitLimits } from './otlp/split.ts';
export type { QuantileValue, SummaryDataPoint } from './otlp/summary-data-point.ts';
export type { Span } from './otlp/traces.ts';
export { equalWords } from './otlp/wire.ts';
export type { AttributesInput } from './otlp/writers/attribute-writer.ts';
export type {
  BucketsInput,
  DataPointInput,
  DataPointInputs,
  ExemplarInput,
  ExponentialHistogramDataPointInput,
  HistogramDataPointInput,
  NumberDataPointInput,
  SummaryDataPointInput,
} from './otlp/writers/data-points.ts';
export { EncodedAttribute, EncodedKey } from './otlp/writers/encoded-key.ts';
export { type LogRecordInput, LogsWriter } from './otlp/writers/logs-writer.ts';
export {
  type MetricHead,
  type MetricInput,
  MetricsWriter,
  type WritableMetricType,
} from './otlp/writers/metrics-writer.ts';
export { MAX_WRITER_BYTES } from './otlp/writers/output.ts';
export type { ResourceInput, ScopeInput, WriterOptions } from './otlp/writers/signal-writer.ts';
export {
  type SpanEventInput,
  type SpanInput,
  type SpanLinkInput,
  SpansWriter,
} from './otlp/writers/spans-writer.ts';
export * from './pipeline/service.ts';
export { installPluginHooks } from './plugins/module-hooks.ts';
export { exposedGc, releaseLoadingMemory } from './process/exposed-gc.ts';
export { keepFreedMemory } from './process/freed-memory.ts';
export { type IdleMemory, idleMemory, type ProcessMemory, processMemory } from './process/isolate-memory.ts';
export { keepYoungGenerationSmall } from './process/small-young-generation.ts';
export { madeBuffers } from './process/young-buffers.ts';
export * from './telemetry/level.ts';
export * from './telemetry/nop.ts';
export { registerProcessMetrics } from './telemetry/process-metrics.ts';
export type { MetricReading, SeriesReading } from './telemetry/reading.ts';
export { type OwnedTelemetry, TelemetryRegistry, type TelemetrySnapshot } from './telemetry/registry.ts';
export type { HistogramValue } from './telemetry/series.ts';
export * from './telemetry/telemetry.ts';
export type { WorkerStart } from './workers/messages.ts';
export { type GraphPart, type Placement, placeComponents } from './workers/placement.ts';
export { runWorker, type WorkerProgram } from './workers/run-worker.ts';
export { type PoolStart, WorkerPool, type WorkerPoolOptions } from './workers/worker-pool.ts';

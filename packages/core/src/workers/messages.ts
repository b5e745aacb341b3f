/**
 * What the main thread and its workers say to each other. All of it is plain data: errors cross as what is left of them
 * without their class, see `refusal.ts`.
 */
import type { Signal } from '../component/signal.ts';
import type { Status } from '../component/status.ts';
import type { ConfigSources } from '../config/load-config.ts';
import type { ErrorCode } from '../errors.ts';
import type { FoundListeners } from '../net/shared-addresses.ts';
import type { BatchMeta } from '../otlp/batch-meta.ts';
import type { Refusal } from './refusal.ts';
import type { TelemetryReport } from './telemetry-report.ts';

/** What a worker is started with. */
export interface WorkerStart {
  /** From 1 on; a worker that replaces another has its number. */
  readonly number: number;
  /** True while no other worker runs. */
  readonly isAlone: boolean;
  /** What the first worker found, for those that share its addresses. */
  readonly listeners: FoundListeners;
  /** Where each isolate says what memory it has; the row is the worker's number. */
  readonly isolates: SharedArrayBuffer;
  /** Where the configuration is, as the command line says it. */
  readonly uris: readonly string[];
  /** What the command line sets on top of it. */
  readonly sets: readonly string[];
  /** The texts that the main thread read, so that all threads have one configuration. */
  readonly sources: ConfigSources;
  /** Where compiled code is kept, if it is. */
  readonly compileCache: string | undefined;
}

/** A batch on its way to the main thread. */
export interface CrossingBatch {
  /** By which it is answered; unique among those of the worker that are under way. */
  readonly id: number;
  /** Where it enters: an index into the placement's entries. */
  readonly entry: number;
  readonly signal: Signal;
  /** How many spans, data points or log records it has. */
  readonly items: number;
  /** The request in protobuf, in a buffer of its own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it came from. */
  readonly meta: BatchMeta;
}

/** A line of a worker's log. */
export interface LogMessage {
  readonly kind: 'log';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** As `fieldsOf` reads them. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A state of one of a worker's components. */
export interface StatusMessage {
  readonly kind: 'status';
  /** Of the component instance, as the host has it. */
  readonly key: string;
  readonly status: Status;
  /** The text of the error that goes with the state. */
  readonly error?: string;
  /** When the component said so, in milliseconds since 1970. */
  readonly timeUnixMs: number;
}

/** What a worker says. */
export type FromWorker =
  | { readonly kind: 'batches'; readonly batches: readonly CrossingBatch[] }
  | { readonly kind: 'report'; readonly report: TelemetryReport }
  | { readonly kind: 'listening'; readonly listeners: FoundListeners }
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly code: ErrorCode | undefined; readonly message: string }
  | { readonly kind: 'stopped'; readonly error?: string }
  | LogMessage
  | StatusMessage;

/** What the main thread says. */
export type ToWorker =
  | { readonly kind: 'answers'; readonly accepted: readonly number[]; readonly refused: readonly Refusal[] }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'abort' };

/** How either side says it; fits `Worker` and `MessagePort` of node:worker_threads. */
export interface Sender<Message> {
  postMessage(message: Message, transfer: readonly ArrayBuffer[]): void;
}

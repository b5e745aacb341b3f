/**
 * What the main thread and its workers say to each other. All of it is plain data: errors cross as what is left of them
 * without their class, see `refusal.ts`.
 */
import type { Signal } from '../component/signal.ts';
import type { Status } from '../component/status.ts';
import type { ConfigSources } from '../config/load-config.ts';
import type { ErrorCode } from '../errors.ts';
import type { FoundPorts } from '../net/shared-addresses.ts';
import type { BatchMeta } from '../otlp/batch-meta.ts';
import type { Refusal } from './refusal.ts';
import type { TelemetryReport } from './telemetry-report.ts';

/** What a worker is started with. */
export interface WorkerStart {
  /** From 1 on; a worker that replaces another has its number. */
  readonly number: number;
  /** True while no other worker runs. */
  readonly isAlone: boolean;
  readonly ports: FoundPorts;
  /** Where each isolate says what memory it has; the row is the worker's number. */
  readonly isolates: SharedArrayBuffer;
  readonly uris: readonly string[];
  readonly sets: readonly string[];
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
  readonly items: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly meta: BatchMeta;
}

/** A line of a worker's log. */
export interface LogMessage {
  readonly kind: 'log';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A state of one of a worker's components. */
export interface StatusMessage {
  readonly kind: 'status';
  readonly key: string;
  readonly status: Status;
  readonly error?: string;
  readonly timeUnixMs: number;
}

/** What a worker says. */
export type FromWorker =
  | { readonly kind: 'batches'; readonly batches: readonly CrossingBatch[] }
  | { readonly kind: 'report'; readonly report: TelemetryReport }
  | { readonly kind: 'started'; readonly ports: FoundPorts }
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

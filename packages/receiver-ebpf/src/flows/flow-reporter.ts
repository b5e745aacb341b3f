/**
 * What each part of the `flows` block does with its records, wherever they come from: those of flows that have ended are
 * fetched five times a second, those of open flows once an interval, and all are handed on as batches of log events.
 * While the pipelines take no more, nothing is fetched: records wait where they are, and what has no room there is counted.
 */
import { monotonicNowNs, monotonicToUnixNs, type RecordHandler } from '@tributary/bpf';
import { errorText, type Histogram, RepeatedLog } from '@tributary/core';
import type { BlockEnvironment } from '../block.ts';
import { emptyFlowRecord, type FlowRecord, UNKNOWN } from './flow-record.ts';
import { FlowWriter } from './flow-writer.ts';

/** Records in a batch, at most. */
const BATCH_RECORDS = 1000;

/**
 * How often ended flows are fetched, in milliseconds: the second where more than a quarter of the room in which they wait
 * was taken, so that it does not run over when they come still faster.
 */
const DRAIN_INTERVAL_MS = 200;
const CROWDED_DRAIN_INTERVAL_MS = 40;
const CROWDED = 0.25;

/** Where records come from. Its methods hand them to the reporter: to `write`, or to what `decoding` made. */
export interface FlowSource {
  /** Fetches flows that have ended, at most `limit`; returns how many it looked at. */
  drain(limit: number): number;
  /** Fetches the open flows that are due a record, for as long as `mayGoOn` says so. One sweep at a time. */
  sweep(mayGoOn: () => boolean): Promise<void>;
  /** A sweep that makes room for more flows; undefined while there is enough. */
  makeRoom?(mayGoOn: () => boolean): Promise<void> | undefined;
  /** The share, 0 to 1, that ended flows take of the room in which they wait. */
  crowding?(): number;
  /** Gives up the ended flows that were not fetched; returns how many. */
  abandon(): number;
}

/** Decodes raw records into a `FlowRecord`; false for one that is none of ours. */
export interface FlowDecoder {
  decode(view: DataView, offset: number, length: number, into: FlowRecord): boolean;
}

/** See the head of this file. */
export class FlowReporter {
  readonly #environment: BlockEnvironment;
  readonly #transport: FlowRecord['transport'];
  readonly #writer: FlowWriter;
  readonly #unreadableLog: RepeatedLog;
  readonly #tooShortLog: RepeatedLog;
  #source: FlowSource | undefined;
  #sweepDuration: Histogram | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #sweeping: { readonly done: Promise<void>; readonly isForRoom: boolean } | undefined;

  constructor(environment: BlockEnvironment, transport: FlowRecord['transport']) {
    this.#environment = environment;
    this.#transport = transport;
    const { settings, cgroups } = environment;
    this.#writer = new FlowWriter({ version: settings.version, cgroups });
    this.#unreadableLog = new RepeatedLog((fields) =>
      settings.logger.warn({ transport, ...fields }, 'flow records could not be read'),
    );
    this.#tooShortLog = new RepeatedLog((fields) =>
      settings.logger.warn(
        { transport, ...fields },
        'flows::interval is shorter than a sweep takes; sweeps were left out. Lengthen it',
      ),
    );
  }

  /** Fetches and hands on from now on. */
  begin(source: FlowSource, intervalMs: number): void {
    const { settings, flowDrops } = this.#environment;
    this.#source = source;
    this.#sweepDuration = settings.telemetry.histogram(
      'otelcol_receiver_ebpf_sweep_duration',
      {
        description: 'How long reading all open flows took.',
        unit: 's',
        boundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
      },
      { transport: this.#transport },
    );
    flowDrops.expectReader();
    this.#drainLater(DRAIN_INTERVAL_MS);
    this.#sweepTimer = setInterval(() => this.#sweepIfFree(), intervalMs);
  }

  /** Hands on what flows carried until now, and stops; the source may be closed afterwards. Safe without `begin`. */
  async end(): Promise<void> {
    clearTimeout(this.#drainTimer);
    clearInterval(this.#sweepTimer);
    await this.#sweeping?.done;
    const source = this.#source;
    if (source !== undefined) {
      // What the open flows carried since the last sweep would be lost.
      await this.#sweep(source);
      this.#drain();
      const abandoned = source.abandon();
      if (abandoned > 0) this.#environment.losses.add(abandoned, 'shutdown');
    }
    this.#source = undefined;
    this.#unreadableLog.flush();
    this.#tooShortLog.flush();
  }

  /** Writes a record, of which nothing is kept. */
  readonly write = (record: FlowRecord): void => {
    record.drops = this.#environment.flowDrops.take(record) ?? UNKNOWN;
    this.#writer.write(record);
    if (this.#writer.itemCount >= BATCH_RECORDS) this.#handOn();
  };

  /** Counts a record that is none of ours. */
  readonly unreadable = (): void => {
    this.#environment.losses.add(1, 'unreadable');
    this.#unreadableLog.occur(1, {});
  };

  /** A handler of raw records that writes what `decoder` makes of them. */
  decoding(decoder: FlowDecoder): RecordHandler {
    const record = emptyFlowRecord(this.#transport);
    return (view, offset, length) => {
      if (decoder.decode(view, offset, length, record)) this.write(record);
      else this.unreadable();
    };
  }

  #drainLater(delayMs: number): void {
    this.#drainTimer = setTimeout(() => {
      const isCrowded = (this.#source?.crowding?.() ?? 0) > CROWDED;
      this.#drain();
      this.#makeRoom();
      this.#drainLater(isCrowded ? CROWDED_DRAIN_INTERVAL_MS : DRAIN_INTERVAL_MS);
    }, delayMs);
  }

  #drain(): void {
    this.#prepare();
    while (this.#mayGoOn()) {
      const looked = this.#source?.drain(BATCH_RECORDS) ?? 0;
      if (looked < BATCH_RECORDS) break;
    }
    this.#handOn();
  }

  #makeRoom(): void {
    if (this.#sweeping !== undefined || !this.#mayGoOn()) return;
    const sweep = this.#source?.makeRoom?.(this.#mayGoOn);
    if (sweep !== undefined) this.#follow(this.#finish(sweep), true);
  }

  /** One at a time; what is left out comes with the next. */
  #sweepIfFree(): void {
    const source = this.#source;
    if (source === undefined || !this.#mayGoOn()) return;
    if (this.#sweeping === undefined) {
      this.#follow(this.#sweep(source), false);
    } else if (!this.#sweeping.isForRoom) {
      this.#environment.losses.add(1, 'interval_too_short');
      this.#tooShortLog.occur(1, {});
    }
  }

  #follow(sweep: Promise<void>, isForRoom: boolean): void {
    const done = sweep.finally(() => {
      this.#sweeping = undefined;
    });
    this.#sweeping = { done, isForRoom };
  }

  async #sweep(source: FlowSource): Promise<void> {
    this.#prepare();
    const begin = performance.now();
    await this.#finish(source.sweep(this.#mayGoOn));
    this.#sweepDuration?.record((performance.now() - begin) / 1000);
  }

  async #finish(sweep: Promise<void>): Promise<void> {
    try {
      await sweep;
    } catch (error) {
      this.#environment.settings.logger.warn(
        { transport: this.#transport, error: errorText(error) },
        'the open flows could not be read',
      );
    }
    this.#handOn();
  }

  /** Before each look at the kernel: the clock may have been set, and drops come before the records that tell of them. */
  #prepare(): void {
    const offset = monotonicToUnixNs();
    this.#writer.setClock(offset, monotonicNowNs() + offset);
    this.#environment.flowDrops.refresh();
  }

  readonly #mayGoOn = (): boolean => !this.#environment.logs.isFull;

  #handOn(): void {
    const batch = this.#writer.finish();
    if (batch !== undefined) this.#environment.logs.add(batch);
  }
}

import { requireBpf } from '@tributary/bpf';
import {
  type Component,
  errorText,
  PipelineError,
  RepeatedLog,
  type Settings,
  type SignalConsumer,
} from '@tributary/core';
import type { EbpfConfig } from './config.ts';
import { FlowWriter } from './flow-writer.ts';
import { Outbox } from './outbox.ts';
import { ReceiverMetrics } from './receiver-metrics.ts';
import { TcpFlows } from './tcp-flows.ts';

/** Records in a batch, at most. */
const BATCH_RECORDS = 1000;

/** Records that wait for the pipelines, at most: some 35 MB. Beyond that the kernel keeps them. */
const MAX_WAITING_RECORDS = 100_000;

/** How often ended connections are fetched, in milliseconds. */
const DRAIN_INTERVAL_MS = 200;

/**
 * The receiver: fetches the ended connections from the kernel five times a second, sweeps the open ones once an
 * interval, and hands both on as batches of log events. Where BPF programs cannot run it says why, by its state, and
 * leaves the rest of the service to go on.
 */
export class EbpfReceiver implements Component {
  readonly #settings: Settings;
  readonly #config: EbpfConfig;
  readonly #outbox: Outbox;
  readonly #lostLog: RepeatedLog;
  #metrics: ReceiverMetrics | undefined;
  #flows: TcpFlows | undefined;
  #writer: FlowWriter | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #isShutDown = false;

  constructor(settings: Settings, config: EbpfConfig, next: SignalConsumer) {
    this.#settings = settings;
    this.#config = config;
    this.#lostLog = new RepeatedLog((fields) => settings.logger.warn(fields, 'flow records were lost'));
    this.#outbox = new Outbox(next, {
      maxRecords: MAX_WAITING_RECORDS,
      onLost: (records, reason, error) => this.#lose(records, reason, error),
    });
  }

  async start(): Promise<void> {
    try {
      const machine = requireBpf();
      const { flows } = this.#config;
      this.#flows = new TcpFlows({
        idleIntervalMs: flows.idle_interval,
        ringBufferBytes: flows.ring_buffer_bytes,
        logger: this.#settings.logger,
      });
      this.#writer = new FlowWriter({ version: this.#settings.version, cgroups: machine.cgroups });
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      this.#settings.reportStatus('permanent_error', error);
      return;
    }
    const tcp = this.#flows;
    this.#metrics = new ReceiverMetrics(
      this.#settings.telemetry,
      () => tcp.counters(),
      () => this.#outbox.size,
    );
    await this.#markExisting(tcp);
    this.#drainTimer = setInterval(() => this.#drain(), DRAIN_INTERVAL_MS);
    this.#sweepTimer = setInterval(() => this.#beginSweep(), this.#config.flows.interval);
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    if (this.#isShutDown) return;
    this.#isShutDown = true;
    clearInterval(this.#drainTimer);
    clearInterval(this.#sweepTimer);
    await this.#sweeping;
    // What the open connections carried since the last sweep would be lost.
    await this.#sweep();
    this.#drain();
    await this.#outbox.close(signal);
    this.#flows?.close();
    this.#lostLog.flush();
  }

  async #markExisting(flows: TcpFlows): Promise<void> {
    try {
      await flows.markExisting();
    } catch (error) {
      this.#settings.logger.warn(
        { error: errorText(error) },
        'connections from before the start could not be looked for',
      );
    }
  }

  /** Fetches the connections that have ended. */
  #drain(): void {
    const flows = this.#flows;
    const writer = this.#writer;
    if (flows === undefined || writer === undefined) return;
    this.#setClock(flows, writer);
    while (!this.#outbox.isFull) {
      const room = BATCH_RECORDS - writer.itemCount;
      const records = flows.drain(this.#write, room);
      if (writer.itemCount < BATCH_RECORDS && records < room) break;
      this.#handOn(writer);
    }
    this.#handOn(writer);
  }

  /** One at a time; what is left out comes with the next. */
  #beginSweep(): void {
    if (this.#sweeping !== undefined || this.#outbox.isFull) return;
    this.#sweeping = this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
  }

  /** Reads the open connections. */
  async #sweep(): Promise<void> {
    const flows = this.#flows;
    const writer = this.#writer;
    if (flows === undefined || writer === undefined) return;
    this.#setClock(flows, writer);
    const begin = performance.now();
    try {
      await flows.sweep((view, offset, length) => {
        this.#write(view, offset, length);
        if (writer.itemCount >= BATCH_RECORDS) this.#handOn(writer);
        return !this.#outbox.isFull;
      });
    } catch (error) {
      this.#settings.logger.warn({ error: errorText(error) }, 'the open connections could not be read');
    }
    this.#metrics?.sweepDuration.record((performance.now() - begin) / 1000);
    this.#handOn(writer);
  }

  readonly #write = (view: DataView, offset: number, length: number): void => {
    if (this.#writer?.write(view, offset, length) === false) this.#lose(1, 'unreadable');
  };

  #handOn(writer: FlowWriter): void {
    const batch = writer.finish();
    if (batch !== undefined) this.#outbox.add(batch);
  }

  #setClock(flows: TcpFlows, writer: FlowWriter): void {
    const { monotonicToUnixNs, nowUnixNs } = flows.clock();
    writer.setClock(monotonicToUnixNs, nowUnixNs);
  }

  #lose(records: number, reason: 'unreadable' | 'refused' | 'shutdown', error?: unknown): void {
    this.#metrics?.lost(records, reason);
    this.#lostLog.occur(records, { reason, ...(error === undefined ? {} : { error: errorText(error) }) });
  }
}

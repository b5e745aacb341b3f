import { monotonicNowNs, monotonicToUnixNs } from '@tributary/bpf';
import { errorText, type Histogram } from '@tributary/core';
import type { Block, BlockEnvironment } from '../../block.ts';
import { sweepDuration } from '../flow-metrics.ts';
import { type FlowRecord, UNKNOWN } from '../flow-record.ts';
import { FlowWriter } from '../flow-writer.ts';
import type { FlowsConfig } from '../flows-config.ts';
import { SockDiagFlows } from './sock-diag-flows.ts';

/** Records in a batch, at most. */
const BATCH_RECORDS = 1000;

/** How often ended connections are fetched, in milliseconds. */
const DRAIN_INTERVAL_MS = 200;

/** TCP flows of the `flows` block by netlink: fetches ended connections five times a second, all others once an interval. */
export class SockDiagPart implements Block {
  readonly #environment: BlockEnvironment;
  readonly #config: FlowsConfig;
  readonly #writer: FlowWriter;
  #sweepDuration: Histogram | undefined;
  #flows: SockDiagFlows | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(environment: BlockEnvironment, config: FlowsConfig) {
    this.#environment = environment;
    this.#config = config;
    const { settings, cgroups } = environment;
    this.#writer = new FlowWriter({ version: settings.version, cgroups });
  }

  async start(): Promise<void> {
    const { settings, losses, flowDrops } = this.#environment;
    const { idle_interval, interval, ring_buffer_bytes } = this.#config;
    const flows = new SockDiagFlows({
      idleIntervalMs: idle_interval,
      receiveBufferBytes: ring_buffer_bytes,
      logger: settings.logger,
      losses,
    });
    this.#flows = flows;
    this.#sweepDuration = sweepDuration(settings.telemetry);
    await flows.markExisting();
    flowDrops.expectReader();
    this.#drainTimer = setInterval(() => this.#drain(), DRAIN_INTERVAL_MS);
    this.#sweepTimer = setInterval(() => this.#beginSweep(), interval);
  }

  async shutdown(): Promise<void> {
    clearInterval(this.#drainTimer);
    clearInterval(this.#sweepTimer);
    await this.#sweeping;
    // What the open connections carried since the last sweep would be lost.
    await this.#sweep();
    this.#drain();
    this.#flows?.close();
    this.#flows = undefined;
  }

  /** Fetches the connections that have ended. */
  #drain(): void {
    const flows = this.#flows;
    if (flows === undefined) return;
    this.#prepare();
    const { logs } = this.#environment;
    while (!logs.isFull) {
      const room = BATCH_RECORDS - this.#writer.itemCount;
      const isAll = flows.drain(this.#write, room) < room;
      if (isAll) break;
      this.#handOn();
    }
    this.#handOn();
  }

  /** One at a time; what is left out comes with the next. */
  #beginSweep(): void {
    const { logs, losses } = this.#environment;
    if (logs.isFull) return;
    if (this.#sweeping !== undefined) {
      losses.add(1, 'interval_too_short');
      return;
    }
    this.#sweeping = this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
  }

  async #sweep(): Promise<void> {
    const flows = this.#flows;
    if (flows === undefined) return;
    const { settings, logs } = this.#environment;
    this.#prepare();
    const begin = performance.now();
    try {
      await flows.sweep((record) => {
        this.#write(record);
        if (this.#writer.itemCount >= BATCH_RECORDS) this.#handOn();
        return !logs.isFull;
      });
    } catch (error) {
      settings.logger.warn({ error: errorText(error) }, 'the open connections could not be read');
    }
    this.#sweepDuration?.record((performance.now() - begin) / 1000);
    this.#handOn();
  }

  readonly #write = (record: FlowRecord): void => {
    record.drops = this.#environment.flowDrops.take(record) ?? UNKNOWN;
    this.#writer.write(record);
  };

  #handOn(): void {
    const batch = this.#writer.finish();
    if (batch !== undefined) this.#environment.logs.add(batch);
  }

  /** Once for each set of records. */
  #prepare(): void {
    const offset = monotonicToUnixNs();
    this.#writer.setClock(offset, monotonicNowNs() + offset);
    this.#environment.flowDrops.refresh();
  }
}

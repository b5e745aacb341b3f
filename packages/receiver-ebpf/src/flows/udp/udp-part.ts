import { monotonicNowNs, monotonicToUnixNs, requireBpf } from '@tributary/bpf';
import { errorText, RepeatedLog } from '@tributary/core';
import type { Block, BlockEnvironment } from '../../block.ts';
import { emptyFlowRecord, UNKNOWN } from '../flow-record.ts';
import { FlowWriter } from '../flow-writer.ts';
import { UdpRecordDecoder } from '../records/udp-record.ts';
import type { UdpConfig } from './udp-config.ts';
import { observeUdpLosses } from './udp-counters.ts';
import { UdpFlows } from './udp-flows.ts';

/** Records in a batch, at most. */
const BATCH_RECORDS = 1000;

/** How often closed sockets are fetched, in milliseconds, and how full the room for peers is is looked at. */
const DRAIN_INTERVAL_MS = 200;

/** What the UDP part is configured with. */
export interface UdpPartOptions extends UdpConfig {
  /** How often flows are read, in milliseconds. */
  readonly interval: number;
}

/** The UDP part of the `flows` block: hands on closed sockets five times a second, and what the others carried once an interval. */
export class UdpPart implements Block {
  readonly #environment: BlockEnvironment;
  readonly #options: UdpPartOptions;
  readonly #unreadableLog: RepeatedLog;
  readonly #decoder = new UdpRecordDecoder();
  readonly #record = emptyFlowRecord('udp');
  readonly #writer: FlowWriter;
  #flows: UdpFlows | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(environment: BlockEnvironment, options: UdpPartOptions) {
    this.#environment = environment;
    this.#options = options;
    const { settings, cgroups } = environment;
    this.#writer = new FlowWriter({ version: settings.version, cgroups });
    this.#unreadableLog = new RepeatedLog((fields) =>
      settings.logger.warn(fields, 'UDP flow records could not be read'),
    );
  }

  async start(): Promise<void> {
    const machine = requireBpf();
    const { settings, losses } = this.#environment;
    const flows = await UdpFlows.open({
      idleTimeoutMs: this.#options.idle_timeout,
      maxPeers: this.#options.max_peers,
      machine,
      logger: settings.logger,
    });
    this.#flows = flows;
    observeUdpLosses(losses, () => flows.counters());
    this.#environment.flowDrops.expectReader();
    this.#drainTimer = setInterval(() => this.#drain(), DRAIN_INTERVAL_MS);
    this.#sweepTimer = setInterval(() => this.#beginSweep(false), this.#options.interval);
  }

  async shutdown(): Promise<void> {
    clearInterval(this.#drainTimer);
    clearInterval(this.#sweepTimer);
    await this.#sweeping;
    // What the flows carried since the last sweep would be lost.
    await this.#sweep(false);
    this.#drain();
    this.#flows?.close();
    this.#flows = undefined;
    this.#unreadableLog.flush();
  }

  /** Fetches the sockets that were closed. */
  #drain(): void {
    const flows = this.#flows;
    const writer = this.#writer;
    if (flows === undefined) return;
    this.#setClock();
    this.#environment.flowDrops.refresh();
    while (!this.#environment.logs.isFull) {
      const room = BATCH_RECORDS - writer.itemCount;
      const records = flows.drain(this.#write, room);
      if (writer.itemCount < BATCH_RECORDS && records < room) break;
      this.#handOn();
    }
    this.#handOn();
    if (flows.isCrowded) this.#beginSweep(true);
  }

  /** One at a time; what is left out comes with the next. */
  #beginSweep(evict: boolean): void {
    if (this.#sweeping !== undefined || this.#environment.logs.isFull) return;
    this.#sweeping = this.#sweep(evict).finally(() => {
      this.#sweeping = undefined;
    });
  }

  async #sweep(evict: boolean): Promise<void> {
    const flows = this.#flows;
    if (flows === undefined) return;
    this.#setClock();
    this.#environment.flowDrops.refresh();
    const { settings, logs } = this.#environment;
    try {
      if (evict) await flows.evict(this.#writeSwept, () => !logs.isFull);
      else await flows.sweep(this.#writeSwept, () => !logs.isFull);
    } catch (error) {
      settings.logger.warn({ error: errorText(error) }, 'the UDP flows could not be read');
    }
    this.#handOn();
  }

  readonly #write = (view: DataView, offset: number, length: number): void => {
    if (this.#decoder.decode(view, offset, length, this.#record)) {
      this.#record.drops = this.#environment.flowDrops.take(this.#record) ?? UNKNOWN;
      this.#writer.write(this.#record);
      return;
    }
    this.#environment.losses.add(1, 'unreadable');
    this.#unreadableLog.occur(1, {});
  };

  readonly #writeSwept = (view: DataView, offset: number, length: number): void => {
    this.#write(view, offset, length);
    if (this.#writer.itemCount >= BATCH_RECORDS) this.#handOn();
  };

  #handOn(): void {
    const batch = this.#writer.finish();
    if (batch !== undefined) this.#environment.logs.add(batch);
  }

  #setClock(): void {
    const offset = monotonicToUnixNs();
    this.#writer.setClock(offset, monotonicNowNs() + offset);
  }
}

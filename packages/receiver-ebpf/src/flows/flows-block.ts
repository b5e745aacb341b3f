import { requireBpf } from '@tributary/bpf';
import { errorText, RepeatedLog } from '@tributary/core';
import type { Block, BlockEnvironment, BlockType } from '../block.ts';
import { FlowMetrics } from './flow-metrics.ts';
import { FlowParts } from './flow-parts.ts';
import { emptyFlowRecord, UNKNOWN } from './flow-record.ts';
import { FlowWriter } from './flow-writer.ts';
import { type FlowsConfig, flowsConfigSchema } from './flows-config.ts';
import { ListenerMetrics } from './listener-metrics.ts';
import { TcpRecordDecoder } from './records/tcp-record.ts';
import { FallbackPart } from './sock-diag/fallback-part.ts';
import { SockDiagPart } from './sock-diag/sock-diag-part.ts';
import { TcpFlows } from './tcp-flows.ts';
import { UdpPart } from './udp/udp-part.ts';

/** Records in a batch, at most. */
const BATCH_RECORDS = 1000;

/**
 * How often ended connections are fetched, in milliseconds: the second where more than a quarter of the ring buffer was
 * taken, so that it does not run over when they come still faster.
 */
const DRAIN_INTERVAL_MS = 200;
const CROWDED_DRAIN_INTERVAL_MS = 40;
const CROWDED = 0.25;

/** The `flows` block: TCP connections, what listening sockets lose, and UDP flows. */
export const flowsBlock: BlockType<FlowsConfig> = {
  name: 'flows',
  signals: ['logs', 'metrics'],
  configSchema: flowsConfigSchema,
  create: (environment, config) => {
    const { source, udp, interval } = config;
    const parts = [tcpPart(environment, config)];
    // Who asks for sock_diag wants no kernel programs.
    if (udp.enabled && source !== 'sock_diag') parts.push(new UdpPart(environment, { ...udp, interval }));
    return new FlowParts(environment.settings.logger, parts);
  },
};

/** TCP flows from the source that the configuration names. */
function tcpPart(environment: BlockEnvironment, config: FlowsConfig): Block {
  const byBpf = new TcpPart(environment, config);
  if (config.source === 'bpf') return byBpf;
  const bySockDiag = new SockDiagPart(environment, config);
  if (config.source === 'sock_diag') return bySockDiag;
  return new FallbackPart(environment.settings.logger, byBpf, bySockDiag);
}

/**
 * Fetches the ended connections from the kernel five times a second, sweeps the open ones once an interval, and hands both
 * on as batches of log events.
 */
class TcpPart implements Block {
  readonly #environment: BlockEnvironment;
  readonly #config: FlowsConfig;
  readonly #unreadableLog: RepeatedLog;
  readonly #tooShortLog: RepeatedLog;
  readonly #decoder = new TcpRecordDecoder();
  readonly #record = emptyFlowRecord('tcp');
  #metrics: FlowMetrics | undefined;
  #flows: TcpFlows | undefined;
  #writer: FlowWriter | undefined;
  #listeners: ListenerMetrics | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(environment: BlockEnvironment, config: FlowsConfig) {
    this.#environment = environment;
    this.#config = config;
    const { logger } = environment.settings;
    this.#unreadableLog = new RepeatedLog((fields) => logger.warn(fields, 'flow records could not be read'));
    this.#tooShortLog = new RepeatedLog((fields) =>
      logger.warn(fields, 'flows::interval is shorter than a sweep takes; sweeps were left out'),
    );
  }

  async start(): Promise<void> {
    requireBpf();
    const { settings, cgroups, losses, flowDrops } = this.#environment;
    const { idle_interval, ring_buffer_bytes, interval } = this.#config;
    const tcp = new TcpFlows({
      idleIntervalMs: idle_interval,
      ringBufferBytes: ring_buffer_bytes,
      logger: settings.logger,
    });
    this.#flows = tcp;
    this.#writer = new FlowWriter({ version: settings.version, cgroups });
    this.#listeners = new ListenerMetrics({ version: settings.version, cgroups });
    this.#metrics = new FlowMetrics(settings.telemetry, losses, () => tcp.counters());
    await this.#markExisting(tcp);
    this.#drainLater(DRAIN_INTERVAL_MS);
    flowDrops.expectReader();
    this.#sweepTimer = setInterval(() => this.#beginSweep(), interval);
  }

  async shutdown(): Promise<void> {
    clearTimeout(this.#drainTimer);
    clearInterval(this.#sweepTimer);
    await this.#sweeping;
    // What the open connections carried since the last sweep would be lost.
    await this.#sweep();
    this.#drain();
    this.#flows?.close();
    this.#flows = undefined;
    this.#unreadableLog.flush();
    this.#tooShortLog.flush();
  }

  async #markExisting(flows: TcpFlows): Promise<void> {
    try {
      await flows.markExisting();
    } catch (error) {
      this.#environment.settings.logger.warn(
        { error: errorText(error) },
        'connections from before the start could not be looked for',
      );
    }
  }

  #drainLater(delayMs: number): void {
    this.#drainTimer = setTimeout(() => {
      const isCrowded = (this.#flows?.crowding ?? 0) > CROWDED;
      this.#drain();
      this.#drainLater(isCrowded ? CROWDED_DRAIN_INTERVAL_MS : DRAIN_INTERVAL_MS);
    }, delayMs);
  }

  /** Fetches the connections that have ended. */
  #drain(): void {
    const flows = this.#flows;
    const writer = this.#writer;
    if (flows === undefined || writer === undefined) return;
    this.#setClock(flows, writer);
    this.#environment.flowDrops.refresh();
    while (!this.#environment.logs.isFull) {
      const room = BATCH_RECORDS - writer.itemCount;
      const records = flows.drain(this.#write, room);
      if (writer.itemCount < BATCH_RECORDS && records < room) break;
      this.#handOn(writer);
    }
    this.#handOn(writer);
  }

  /** One at a time; what is left out comes with the next. */
  #beginSweep(): void {
    if (this.#environment.logs.isFull) return;
    if (this.#sweeping !== undefined) {
      this.#environment.losses.add(1, 'interval_too_short');
      this.#tooShortLog.occur(1, {});
      return;
    }
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
    this.#environment.flowDrops.refresh();
    const begin = performance.now();
    const { logs, settings } = this.#environment;
    try {
      await flows.sweep(this.#writeOpen, () => !logs.isFull);
      await this.#sweepListeners(flows);
    } catch (error) {
      settings.logger.warn({ error: errorText(error) }, 'the open connections could not be read');
    }
    this.#metrics?.sweepDuration.record((performance.now() - begin) / 1000);
    this.#handOn(writer);
  }

  async #sweepListeners(flows: TcpFlows): Promise<void> {
    const listeners = this.#listeners;
    const { metrics } = this.#environment;
    if (listeners === undefined || metrics.isFull) return;
    await flows.sweepListeners((view, offset) => {
      if (!listeners.add(view, offset)) this.#unreadable();
    });
    const batch = listeners.finish(flows.clock().monotonicToUnixNs);
    if (batch !== undefined) metrics.add(batch);
  }

  readonly #write = (view: DataView, offset: number, length: number): void => {
    if (this.#decoder.decode(view, offset, length, this.#record)) {
      this.#record.drops = this.#environment.flowDrops.take(this.#record) ?? UNKNOWN;
      this.#writer?.write(this.#record);
      return;
    }
    this.#unreadable();
  };

  readonly #writeOpen = (view: DataView, offset: number, length: number): void => {
    this.#write(view, offset, length);
    if (this.#writer !== undefined && this.#writer.itemCount >= BATCH_RECORDS) this.#handOn(this.#writer);
  };

  #unreadable(): void {
    this.#environment.losses.add(1, 'unreadable');
    this.#unreadableLog.occur(1, {});
  }

  #handOn(writer: FlowWriter): void {
    const batch = writer.finish();
    if (batch !== undefined) this.#environment.logs.add(batch);
  }

  #setClock(flows: TcpFlows, writer: FlowWriter): void {
    const { monotonicToUnixNs, nowUnixNs } = flows.clock();
    writer.setClock(monotonicToUnixNs, nowUnixNs);
  }
}

import { boottimeToUnixNs, monotonicNowNs, monotonicToUnixNs, requireBpf } from '@tributary/bpf';
import { errorText, RepeatedLog } from '@tributary/core';
import type { Block, BlockEnvironment, BlockType } from '../block.ts';
import { type ProcessCounter, ProcessEvents } from './process-events.ts';
import { decodeProcessRecord, emptyProcessRecord } from './process-record.ts';
import { ProcessTracker } from './process-tracker.ts';
import { ProcessWriter } from './process-writer.ts';
import { type ProcessesConfig, processesConfigSchema } from './processes-config.ts';

/** Records in a batch, more or less. */
const BATCH_RECORDS = 1000;

/** How often events are fetched, in milliseconds. */
const DRAIN_INTERVAL_MS = 200;

/** Ways of losing something that the kernel programs count, as `reason` of the metric. */
const KERNEL_LOSSES = [
  'ring_buffer_full',
  'path_cut',
  'arguments_unread',
  'missed_events',
] as const satisfies readonly ProcessCounter[];

/** The `processes` block: programs that start, processes that end, and whose a pid was at a time. */
export const processesBlock: BlockType<ProcessesConfig> = {
  name: 'processes',
  signals: ['logs'],
  configSchema: processesConfigSchema,
  create: (environment, config) => new ProcessesBlock(environment, config),
};

/** Fetches events five times a second, keeps the table of processes by them, and hands them on as batches of log events. */
class ProcessesBlock implements Block {
  readonly #environment: BlockEnvironment;
  readonly #config: ProcessesConfig;
  readonly #unreadableLog: RepeatedLog;
  readonly #tracker: ProcessTracker;
  readonly #writer: ProcessWriter;
  readonly #record = emptyProcessRecord();
  #events: ProcessEvents | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #search: Promise<void> | undefined;
  #isDraining = false;
  #lastDrainNs = 0;
  #lostEvents = 0;

  constructor(environment: BlockEnvironment, config: ProcessesConfig) {
    this.#environment = environment;
    this.#config = config;
    const { settings, processes, cgroups } = environment;
    this.#unreadableLog = new RepeatedLog((fields) =>
      settings.logger.warn(fields, 'process records could not be read'),
    );
    this.#tracker = new ProcessTracker(processes, cgroups);
    this.#writer = new ProcessWriter({ version: settings.version });
  }

  async start(): Promise<void> {
    requireBpf();
    const { settings, losses, processes } = this.#environment;
    const events = new ProcessEvents({
      argumentBytes: this.#config.arguments ? this.#config.argument_bytes : 0,
      ringBufferBytes: this.#config.ring_buffer_bytes,
      logger: settings.logger,
    });
    this.#events = events;
    for (const reason of KERNEL_LOSSES) losses.observe(reason, () => events.counters()[reason]);
    losses.observe('table_full', () => processes.refused);
    this.#lastDrainNs = Number(monotonicNowNs());
    this.#tracker.setClock(boottimeToUnixNs());
    await this.#findLiving(events);
    processes.onBehind(() => this.#drain());
    this.#drainTimer = setInterval(() => this.#drain(), DRAIN_INTERVAL_MS);
  }

  async shutdown(): Promise<void> {
    clearInterval(this.#drainTimer);
    await this.#search;
    this.#drain();
    const abandoned = this.#events?.drain(() => {}, Number.POSITIVE_INFINITY) ?? 0;
    if (abandoned > 0) this.#environment.losses.add(abandoned, 'shutdown');
    this.#environment.processes.onBehind(() => {});
    this.#events?.close();
    this.#events = undefined;
    this.#unreadableLog.flush();
  }

  /** Fetches what has happened. */
  #drain(): void {
    const events = this.#events;
    if (events === undefined || this.#isDraining) return;
    this.#isDraining = true;
    const { logs, processes } = this.#environment;
    const nowNs = this.#setClock();
    const { end } = events;
    while (!logs.isFull) {
      const records = events.drain(this.#take, BATCH_RECORDS);
      if (records < BATCH_RECORDS) break;
      if (this.#writer.itemCount >= BATCH_RECORDS) this.#handOn();
    }
    this.#handOn();
    this.#noteLosses(events);
    this.#lastDrainNs = nowNs;
    if (events.hasPassed(end)) processes.advance(nowNs);
    this.#isDraining = false;
  }

  /** Where events were lost, what the table says of living processes is doubtful until they have been looked for. */
  #noteLosses(events: ProcessEvents): void {
    const { ring_buffer_full, missed_events } = events.counters();
    const lostEvents = ring_buffer_full + missed_events;
    if (lostEvents === this.#lostEvents) return;
    this.#lostEvents = lostEvents;
    this.#environment.processes.doubt(this.#lastDrainNs);
    this.#search ??= this.#searchUntilCertain(events).finally(() => {
      this.#search = undefined;
    });
  }

  async #searchUntilCertain(events: ProcessEvents): Promise<void> {
    for (let lostBefore = -1; lostBefore !== this.#lostEvents; ) {
      lostBefore = this.#lostEvents;
      await this.#findLiving(events);
    }
  }

  async #findLiving(events: ProcessEvents): Promise<void> {
    const { processes, settings } = this.#environment;
    const lostBefore = this.#lostEvents;
    processes.beginSearch();
    try {
      await events.findLiving(this.#takeAll);
    } catch (error) {
      settings.logger.warn({ error: errorText(error) }, 'the living processes could not be looked for');
      return;
    }
    processes.endSearch(Number(monotonicNowNs()), this.#lostEvents === lostBefore);
  }

  /** Takes one record. */
  readonly #take = (view: DataView, offset: number, length: number): void => {
    if (this.#takeOne(view, offset, length) === 0) this.#unreadable();
  };

  /** Takes records, one after the other. */
  readonly #takeAll = (view: DataView, offset: number, length: number): void => {
    for (let at = offset, size = 0; at < offset + length; at += size) {
      size = this.#takeOne(view, at, offset + length - at);
      if (size > 0) continue;
      this.#unreadable();
      return;
    }
  };

  #takeOne(view: DataView, offset: number, length: number): number {
    const record = this.#record;
    const size = decodeProcessRecord(view, offset, length, record);
    const facts = size === 0 ? undefined : this.#tracker.take(record);
    if (facts !== undefined) this.#writer.write(record, facts);
    return size;
  }

  #unreadable(): void {
    this.#environment.losses.add(1, 'unreadable');
    this.#unreadableLog.occur(1, {});
  }

  #handOn(): void {
    const batch = this.#writer.finish();
    if (batch !== undefined) this.#environment.logs.add(batch);
  }

  /** Returns the present time of CLOCK_MONOTONIC. */
  #setClock(): number {
    const offset = monotonicToUnixNs();
    const now = monotonicNowNs();
    this.#writer.setClock(offset, now + offset);
    this.#tracker.setClock(boottimeToUnixNs());
    return Number(now);
  }
}

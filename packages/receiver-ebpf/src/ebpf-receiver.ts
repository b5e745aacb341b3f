import { examineMachine, type Machine } from '@tributary/bpf';
import {
  type Component,
  errorText,
  Outbox,
  PipelineError,
  RepeatedLog,
  type Settings,
  type Signal,
  type SignalConsumer,
} from '@tributary/core';
import type { Block, BlockEnvironment } from './block.ts';
import { type WantedBlock, wantedBlocks } from './blocks.ts';
import { CgroupNames } from './cgroups/cgroup-names.ts';
import { CgroupWatch } from './cgroups/cgroup-watch.ts';
import type { EbpfConfig } from './config.ts';
import { FlowDrops } from './drops/flow-drops.ts';
import { Losses } from './losses.ts';
import { ProcessTable } from './processes/process-table.ts';

/** Log events that wait for the pipelines, at most: some 35 MB. Beyond that the kernel keeps them. */
const MAX_WAITING_RECORDS = 100_000;

/** Data points that wait for the pipelines, at most. */
const MAX_WAITING_POINTS = 100_000;

/** What all blocks share. */
type Shared = Pick<BlockEnvironment, 'cgroups' | 'flowDrops' | 'processes'>;

/**
 * The receiver: runs the blocks that the configuration asks for, each by itself. What cannot run here is said in the log
 * and in the metric of running blocks; where nothing can, by the component's state, and the rest of the service goes on.
 */
export class EbpfReceiver implements Component {
  readonly #settings: Settings;
  readonly #config: EbpfConfig;
  readonly #signals: SignalConsumer['signals'];
  readonly #logs: Outbox;
  readonly #metrics: Outbox;
  readonly #lostLog: RepeatedLog;
  readonly #blocks: Block[] = [];
  #cgroups: CgroupNames | undefined;

  constructor(settings: Settings, config: EbpfConfig, next: SignalConsumer) {
    this.#settings = settings;
    this.#config = config;
    this.#signals = next.signals;
    this.#lostLog = new RepeatedLog((fields) => settings.logger.warn(fields, 'records were lost'));
    const losses = new Losses(settings.telemetry, 'pipelines');
    const onLost = (records: number, reason: string, error?: unknown): void => {
      losses.add(records, reason);
      this.#lostLog.occur(records, { reason, ...(error === undefined ? {} : { error: errorText(error) }) });
    };
    const outbox = (signal: Signal, maxRecords: number): Outbox =>
      new Outbox(next, { isTaken: next.signals.has(signal), maxRecords, onLost });
    this.#logs = outbox('logs', MAX_WAITING_RECORDS);
    this.#metrics = outbox('metrics', MAX_WAITING_POINTS);
    settings.telemetry.gauge(
      'otelcol_receiver_ebpf_waiting_records',
      { description: 'Records that wait for the pipelines to take them.', unit: '{record}' },
      () => this.#logs.size + this.#metrics.size,
    );
  }

  async start(): Promise<void> {
    const machine = examineMachine();
    const cgroups = new CgroupNames(machine.cgroups, {
      watch: this.#watchCgroups(machine),
      losses: new Losses(this.#settings.telemetry, 'cgroups'),
    });
    this.#cgroups = cgroups;
    await cgroups.start();
    const shared = { cgroups, flowDrops: new FlowDrops(), processes: new ProcessTable() };
    const problems: { block: string; problem: PipelineError }[] = [];
    for (const wanted of wantedBlocks(this.#config)) {
      const problem = await this.#startBlock(wanted, shared);
      this.#settings.telemetry.gauge(
        'otelcol_receiver_ebpf_block_running',
        { description: '1 for a block that runs, 0 for one that this machine does not allow.', unit: '1' },
        () => (problem === undefined ? 1 : 0),
        { block: wanted.name },
      );
      if (problem !== undefined) problems.push({ block: wanted.name, problem });
    }
    // The status tells of one; where no block runs, that is the first.
    const first = this.#blocks.length === 0 ? problems.shift() : undefined;
    for (const { block, problem } of problems)
      this.#settings.logger.error({ block, error: problem.message }, 'a block cannot run');
    if (first !== undefined) this.#settings.reportStatus('permanent_error', first.problem);
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    // One after the other: the last flow records tell of drops that the block `drops` knows, which is stopped later.
    const ends: PromiseSettledResult<void>[] = [];
    for (const block of this.#blocks.splice(0)) {
      ends.push(...(await Promise.allSettled([block.shutdown(signal)])));
    }
    this.#cgroups?.close();
    await Promise.all([this.#logs.close(signal), this.#metrics.close(signal)]);
    this.#lostLog.flush();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Undefined where BPF is not allowed, which the blocks that need it say. */
  #watchCgroups(machine: Machine): CgroupWatch | undefined {
    if (machine.problems.length > 0 || machine.cgroups.v2Path === undefined) return undefined;
    try {
      return new CgroupWatch(this.#settings.logger);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      if (error.code === 'BPF_UNAVAILABLE') return undefined;
      this.#settings.logger.warn(
        { error: error.message, ...error.details },
        'containers that live only for a moment may be missed: the kernel does not tell of cgroups that are made',
      );
      return undefined;
    }
  }

  /** Returns why the block cannot run; it has left nothing behind then. */
  async #startBlock(wanted: WantedBlock, shared: Shared): Promise<PipelineError | undefined> {
    const { name, signals } = wanted;
    if (!signals.some((signal) => this.#signals.has(signal))) {
      return new PipelineError(
        'CONFIG_INVALID',
        `ebpf: the block ${name} gives ${signals.join(' and ')}, which no pipeline takes from this receiver. ` +
          `Name ${this.#settings.id} in a ${signals.join(' or ')} pipeline, or remove the block.`,
      );
    }
    const block = wanted.create({
      settings: this.#settings,
      logs: this.#logs,
      metrics: this.#metrics,
      losses: new Losses(this.#settings.telemetry, name),
      ...shared,
    });
    try {
      await block.start();
    } catch (error) {
      await block.shutdown();
      if (!(error instanceof PipelineError)) throw error;
      return error;
    }
    this.#blocks.push(block);
    return undefined;
  }
}

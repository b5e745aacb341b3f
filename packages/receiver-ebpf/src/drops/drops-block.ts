import { Btf, monotonicNowNs, monotonicToUnixNs, requireBpf } from '@tributary/bpf';
import { errorText } from '@tributary/core';
import type { Block, BlockEnvironment, BlockType } from '../block.ts';
import { DropReasons } from './drop-reasons.ts';
import { DropSeriesStore, type ReadingTime } from './drop-series.ts';
import { type DropsConfig, dropsConfigSchema } from './drops-config.ts';
import { DropsWriter } from './drops-writer.ts';
import { type DropLoss, KernelDrops } from './kernel-drops.ts';
import { NO_LOSS_REASONS } from './no-loss-reasons.ts';

const LOSSES: readonly DropLoss[] = ['map_full', 'flow_map_full', 'missed_events'];

/** The `drops` block: packets that the kernel dropped. */
export const dropsBlock: BlockType<DropsConfig> = {
  name: 'drops',
  signals: ['metrics'],
  configSchema: dropsConfigSchema,
  create: (environment, config) => new DropsBlock(environment, config),
};

/** Reads the kernel's counts once an interval and hands them on as data points. */
class DropsBlock implements Block {
  readonly #environment: BlockEnvironment;
  readonly #config: DropsConfig;
  #kernel: KernelDrops | undefined;
  #store: DropSeriesStore | undefined;
  #writer: DropsWriter | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(environment: BlockEnvironment, config: DropsConfig) {
    this.#environment = environment;
    this.#config = config;
  }

  async start(): Promise<void> {
    requireBpf();
    const { settings, cgroups, flowDrops } = this.#environment;
    const { interval, max_series } = this.#config;
    const reasons = new DropReasons(Btf.ofKernel());
    const kernel = new KernelDrops({
      maxSeries: max_series,
      byFlow: flowDrops.hasReader,
      leftOut: this.#leftOut(reasons),
    });
    this.#kernel = kernel;
    this.#store = new DropSeriesStore(max_series, (id) => cgroups.find(id, 0, 0), now());
    this.#writer = new DropsWriter({ version: settings.version, reasons });
    if (flowDrops.hasReader) flowDrops.connect(kernel);
    this.#observe(kernel);
    this.#timer = setInterval(() => this.#report(), interval);
  }

  async shutdown(): Promise<void> {
    clearInterval(this.#timer);
    this.#report();
    this.#environment.flowDrops.connect(undefined);
    this.#kernel?.close();
    this.#kernel = undefined;
  }

  /** Names that this kernel does not have are a mistake, unless we chose them. */
  #leftOut(reasons: DropReasons): number[] {
    const { entries, unknown } = reasons.leftOut(this.#config.exclude_reasons);
    const ours: ReadonlySet<string> = new Set(NO_LOSS_REASONS);
    const mistaken = unknown.filter((name) => !ours.has(name));
    if (mistaken.length > 0) {
      this.#environment.settings.logger.warn(
        { reasons: mistaken },
        'this kernel does not have these reasons of exclude_reasons',
      );
    }
    return entries;
  }

  #observe(kernel: KernelDrops): void {
    const { settings, losses, flowDrops } = this.#environment;
    for (const reason of LOSSES) losses.observe(reason, () => kernel.losses()[reason]);
    for (const isOnFlow of [true, false]) {
      settings.telemetry.observableCounter(
        'otelcol_receiver_ebpf_flow_drops',
        {
          description: 'Dropped packets of TCP and UDP, by whether a flow record tells of them.',
          unit: '{packet}',
        },
        () => (isOnFlow ? flowDrops.attributed : flowDrops.unattributed),
        { attributed: String(isOnFlow) },
      );
    }
  }

  /** The counts stay in the kernel until they are taken, so while the pipelines take nothing, nothing is lost. */
  #report(): void {
    const kernel = this.#kernel;
    const store = this.#store;
    const { settings, metrics } = this.#environment;
    if (kernel === undefined || store === undefined || metrics.isFull) return;
    const time = now();
    try {
      store.update(time, (handle) => kernel.read(handle));
      store.forgetIdle((key, packets) => kernel.remove(key, packets));
    } catch (error) {
      settings.logger.warn({ error: errorText(error) }, 'the counts of dropped packets could not be read');
      return;
    }
    const batch = this.#writer?.write(store.series.values(), time.nowUnixNs);
    if (batch !== undefined) metrics.add(batch);
  }
}

function now(): ReadingTime {
  const steadyNs = monotonicNowNs();
  return { nowMs: Number(steadyNs) / 1e6, nowUnixNs: steadyNs + monotonicToUnixNs() };
}

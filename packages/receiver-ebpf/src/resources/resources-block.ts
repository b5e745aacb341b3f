import { readFileSync } from 'node:fs';
import { parseMounts } from '@tributary/bpf';
import { errorText, type Histogram, PipelineError, RepeatedLog } from '@tributary/core';
import type { Block, BlockEnvironment, BlockType } from '../block.ts';
import { findHierarchies } from './hierarchies.ts';
import { ResourceWriter } from './resource-writer.ts';
import { type ResourcesConfig, resourcesConfigSchema } from './resources-config.ts';
import { WatchedCgroups } from './watched-cgroups.ts';

/** Data points in a batch, at most; the last container's may go beyond. */
const BATCH_POINTS = 2000;

/** The `resources` block: what containers use. */
export const resourcesBlock: BlockType<ResourcesConfig> = {
  name: 'resources',
  signals: ['metrics'],
  configSchema: resourcesConfigSchema,
  create: (environment, config) => new ResourcesBlock(environment, config),
};

/** Reads the cgroups of all containers once an interval and hands on what they use as batches of metrics. No BPF. */
class ResourcesBlock implements Block {
  readonly #environment: BlockEnvironment;
  readonly #config: ResourcesConfig;
  readonly #writer: ResourceWriter;
  readonly #unreadableLog: RepeatedLog;
  #cgroups: WatchedCgroups | undefined;
  #duration: Histogram | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(environment: BlockEnvironment, config: ResourcesConfig) {
    this.#environment = environment;
    this.#config = config;
    const { logger, version } = environment.settings;
    this.#writer = new ResourceWriter({ version });
    this.#unreadableLog = new RepeatedLog((fields) =>
      logger.warn(fields, 'files of cgroups could not be read'),
    );
  }

  async start(): Promise<void> {
    const { settings, losses } = this.#environment;
    const mounts = parseMounts(mountinfo());
    if (findHierarchies(mounts).length === 0) {
      throw new PipelineError(
        'BPF_UNAVAILABLE',
        'ebpf: the block resources finds no control groups (none are mounted here). Mount /sys/fs/cgroup, in a container that of the host.',
      );
    }
    const cgroups = new WatchedCgroups({
      mounts,
      withUnits: this.#config.units,
      maxCgroups: this.#config.max_cgroups,
      onTooMany: (count) => losses.add(count, 'too_many_cgroups'),
      onUnreadable: (error) => {
        losses.add(1, 'unreadable');
        this.#unreadableLog.occur(1, { error: errorText(error) });
      },
    });
    this.#cgroups = cgroups;
    settings.telemetry.gauge(
      'otelcol_receiver_ebpf_watched_cgroups',
      { description: 'Containers and units whose resources are read.', unit: '{cgroup}' },
      () => cgroups.size,
    );
    this.#duration = settings.telemetry.histogram('otelcol_receiver_ebpf_resources_duration', {
      description: 'How long reading all containers took.',
      unit: 's',
      boundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    });
    this.#read();
    this.#timer = setInterval(() => this.#read(), this.#config.interval);
  }

  async shutdown(): Promise<void> {
    clearInterval(this.#timer);
    // What was used since the last reading would be lost.
    this.#read();
    this.#cgroups?.close();
    this.#cgroups = undefined;
    this.#unreadableLog.flush();
  }

  /** While the pipelines take no data it reads nothing: sums lose nothing by that. */
  #read(): void {
    const { metrics } = this.#environment;
    if (this.#cgroups === undefined || metrics.isFull) return;
    const begin = performance.now();
    this.#cgroups.readAll((cgroup, reading, time) => {
      this.#writer.write(cgroup, reading, time);
      if (this.#writer.itemCount >= BATCH_POINTS) this.#handOn();
    });
    this.#duration?.record((performance.now() - begin) / 1000);
    this.#handOn();
  }

  #handOn(): void {
    const batch = this.#writer.finish();
    if (batch !== undefined) this.#environment.metrics.add(batch);
  }
}

function mountinfo(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}

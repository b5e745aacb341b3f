/** Gives how all objects are, once an interval; a large cluster in several batches, between which other work goes on. */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { errorText, type Logger, type Outbox } from '@tributary/core';
import type { ClusterFacts } from '@tributary/kubernetes';
import type { ObjectMetrics } from './object-metrics.ts';
import type { WorkloadCountsWatch } from './workload-counts.ts';

/** What the rounds are given. */
export interface MetricsRoundsOptions {
  readonly facts: ClusterFacts;
  readonly workloads: WorkloadCountsWatch;
  readonly metrics: ObjectMetrics;
  readonly outbox: Outbox;
  readonly intervalMs: number;
  readonly logger: Logger;
  /** Called for a round that was left out because the pipelines have not taken the one before. */
  readonly onSkipped: () => void;
}

/** A batch is handed on when it has so many data points. */
const BATCH_POINTS = 8192;
/** How often a full outbox is looked at, in milliseconds. */
const FULL_WAIT_MS = 50;

/** See the head of this file. */
export class MetricsRounds {
  readonly #options: MetricsRoundsOptions;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: MetricsRoundsOptions) {
    this.#options = options;
  }

  /** Begins; the first round comes after one interval, when most is known. */
  start(): void {
    this.#timer = setInterval(() => this.#begin(), this.#options.intervalMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#round;
  }

  #begin(): void {
    const { outbox, logger, onSkipped } = this.#options;
    if (this.#round !== undefined || outbox.size > 0) {
      onSkipped();
      return;
    }
    this.#round = this.#run()
      .catch((error: unknown) =>
        logger.error({ error: errorText(error) }, 'a round of metrics came to nothing'),
      )
      .finally(() => {
        this.#round = undefined;
      });
  }

  async #run(): Promise<void> {
    const { facts, workloads, metrics } = this.#options;
    metrics.begin(BigInt(Date.now()) * 1_000_000n, facts.clusterUid);
    for (const pod of facts.pods()) {
      metrics.writePod(pod);
      if (await this.#handOn()) return;
    }
    for (const node of facts.nodes()) {
      metrics.writeNode(node);
      if (await this.#handOn()) return;
    }
    for (const namespace of facts.namespaces()) {
      metrics.writeNamespace(namespace);
      if (await this.#handOn()) return;
    }
    for (const workload of workloads.workloads()) {
      metrics.writeWorkload(workload.kind, workload, workload.counts);
      if (await this.#handOn()) return;
    }
    this.#add();
  }

  /** Hands on what is enough for a batch; true if the round should end. */
  #handOn(): false | Promise<boolean> {
    if (this.#options.metrics.itemCount < BATCH_POINTS) return false;
    this.#add();
    return this.#room();
  }

  /** Lets other work go on, and waits while the pipelines have not taken what was handed on before. */
  async #room(): Promise<boolean> {
    await nextTurn();
    while (this.#options.outbox.isFull && !this.#isClosed) await delay(FULL_WAIT_MS);
    return this.#isClosed;
  }

  #add(): void {
    const batch = this.#options.metrics.finish();
    if (batch !== undefined) this.#options.outbox.add(batch);
  }
}

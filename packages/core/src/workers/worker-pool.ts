/** The workers of a service: starts them behind everything that they send to, and shuts them down before it. */
import { closeSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import type { Consumer } from '../component/component.ts';
import type { Logger } from '../component/logger.ts';
import type { FoundListeners } from '../net/shared-addresses.ts';
import { keepGcExposed } from '../process/exposed-gc.ts';
import { createIsolateTable, joinIsolateTable } from '../process/isolate-memory.ts';
import type { TelemetryRegistry } from '../telemetry/registry.ts';
import type { MergedStatus } from './merged-status.ts';
import type { WorkerStart } from './messages.ts';
import type { Placement } from './placement.ts';
import { WorkerMetrics } from './worker-metrics.ts';
import { WorkerSlot } from './worker-slot.ts';

/** What of a worker's beginning the pool itself knows. */
export type PoolStart = Pick<WorkerStart, 'number' | 'isAlone' | 'listeners' | 'isolates'>;

/** What the program gives a pool. */
export interface WorkerPoolOptions {
  /** How many workers there are. */
  readonly count: number;
  /** What runs where. */
  readonly placement: Placement;
  /** Starts a thread that calls `runWorker`. */
  spawn(start: PoolStart): Worker;
  readonly logger: Logger;
  readonly telemetry: TelemetryRegistry;
}

/** What workers see of the main thread's service. */
export interface MainSide {
  /** As the placement lists them. */
  readonly entries: readonly Consumer[];
  /** Where the states of the workers' components go. */
  readonly status: MergedStatus;
}

/** See the head of this file. */
export class WorkerPool {
  readonly placement: Placement;
  readonly #options: WorkerPoolOptions;
  readonly #isolates: SharedArrayBuffer;
  readonly #slots: WorkerSlot[] = [];
  #leaveTable: (() => void) | undefined;
  #listeners: FoundListeners = {};
  #isStopping = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.placement = options.placement;
    this.#isolates = createIsolateTable(options.count + 1);
  }

  /**
   * Starts the workers, the first alone: what cannot start is told once, and what it finds where it listens is for all. Starts no
   * more of them once it is shut down.
   */
  async start(main: MainSide): Promise<void> {
    if (this.#isStopping) return;
    const { count, logger } = this.#options;
    keepGcExposed();
    this.#leaveTable = joinIsolateTable(this.#isolates, 0);
    for (let number = 1; number <= count; number++) this.#slots.push(this.#createSlot(number, main));
    const [first, ...others] = this.#slots;
    await first?.start();
    if (this.#isStopping) return;
    await Promise.all(others.map((slot) => slot.start()));
    if (this.#isStopping) return;
    logger.info({ workers: count }, 'workers are running');
  }

  /** Begins no more of the start: the shutdown waits for what has begun. */
  stopStarting(): void {
    this.#isStopping = true;
  }

  /** As `Service.shutdown`; rejects with the first worker's failure when all have ended. */
  async shutdown(signal?: AbortSignal): Promise<void> {
    this.stopStarting();
    // The kernel takes connections as long as one descriptor is open; a worker that still starts may be about to use it.
    if (!this.#slots.some((slot) => slot.isStarting)) this.#closeListeners();
    const ended = await Promise.allSettled(this.#slots.map((slot) => slot.shutdown(signal)));
    this.#closeListeners();
    this.#leaveTable?.();
    const failed = ended.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #closeListeners(): void {
    for (const { descriptor } of Object.values(this.#listeners)) {
      if (descriptor !== undefined) closeSync(descriptor);
    }
    this.#listeners = {};
  }

  #createSlot(number: number, { entries, status }: MainSide): WorkerSlot {
    const { logger, spawn, telemetry } = this.#options;
    const metrics = new WorkerMetrics(telemetry, number, () => slot.worker);
    const slot: WorkerSlot = new WorkerSlot({
      ...{ number, entries, status, metrics, logger },
      spawn: () => {
        const isAlone = this.#slots.every(({ worker }) => worker === undefined);
        return spawn({ number, isAlone, listeners: this.#listeners, isolates: this.#isolates });
      },
      onListening: (listeners) => {
        this.#listeners = listeners;
      },
    });
    return slot;
  }
}

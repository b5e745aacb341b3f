/** What the main thread knows of one worker in figures: its own, and what it reported of its components. */
import type { Worker } from 'node:worker_threads';
import type { TelemetryRegistry } from '../telemetry/registry.ts';
import type { Counter } from '../telemetry/telemetry.ts';
import type { ReportedSeries, TelemetryReport } from './telemetry-report.ts';
import { WorkerTelemetry } from './worker-telemetry.ts';

const ACCEPTED = /^otelcol_receiver_accepted_/;
/** Reports may come at any time; the share of a moment tells nothing. */
const LEAST_MEASURED_MS = 900;
const QUEUE_SIZE = 'otelcol_exporter_queue_size';

/** See the head of this file. */
export class WorkerMetrics {
  readonly #telemetry: WorkerTelemetry;
  readonly #deaths: Counter;
  readonly #lost: Counter;
  #accepted = 0;
  #acceptedBefore = 0;
  #hasRun = false;
  #queued = 0;
  /** Whose time `#elapsed` is. */
  #measured: Worker | undefined;
  #elapsed: Elapsed = { active: 0, idle: 0 };
  #utilization = Number.NaN;
  readonly #worker: () => Worker | undefined;

  /** `worker` gives the thread that runs now. */
  constructor(registry: TelemetryRegistry, number: number, worker: () => Worker | undefined) {
    this.#telemetry = new WorkerTelemetry(registry);
    this.#worker = worker;
    const own = registry.process();
    const attributes = { worker: String(number) };
    this.#deaths = own.counter(
      'otelcol_workers_deaths',
      { description: 'Workers that died and were replaced.', unit: '{worker}' },
      attributes,
    );
    this.#lost = own.counter(
      'otelcol_workers_lost_queue_size',
      {
        description:
          'What the sending queues of workers held when they died, by their last report, in the units of otelcol_exporter_queue_size.',
        unit: '1',
      },
      attributes,
    );
    own.observableCounter(
      'otelcol_workers_accepted_items',
      { description: 'Items that the receivers of a worker accepted.', unit: '{item}' },
      () => this.#acceptedBefore + this.#accepted,
      attributes,
    );
    own.gauge(
      'otelcol_workers_utilization',
      { description: 'Share of the last second or more in which a worker was busy.', unit: '1' },
      () => this.#utilization,
      attributes,
    );
  }

  /** True once a worker has reported. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** What the sending queues of the worker held by its last report, in their own units. */
  get queued(): number {
    return this.#queued;
  }

  apply(report: TelemetryReport): void {
    this.#hasRun = true;
    this.#measure();
    this.#telemetry.apply(report);
    this.#accepted = sum(report, (name) => ACCEPTED.test(name));
    this.#queued = sum(report, (name) => name === QUEUE_SIZE);
  }

  countDeath(): void {
    this.#deaths.add(1);
    this.countLost();
  }

  /** What the queues held is lost. */
  countLost(): void {
    this.#lost.add(this.#queued);
  }

  /** The worker is gone. */
  reset(): void {
    this.#utilization = Number.NaN;
    this.#acceptedBefore += this.#accepted;
    this.#accepted = 0;
    this.#queued = 0;
    this.#telemetry.reset();
  }

  /** Not when it is read: each reader would shorten the time of the others. */
  #measure(): void {
    const worker = this.#worker();
    if (worker === undefined) return;
    if (worker !== this.#measured) this.#elapsed = { active: 0, idle: 0 };
    this.#measured = worker;
    const elapsed = worker.performance.eventLoopUtilization();
    const active = elapsed.active - this.#elapsed.active;
    const totalMs = active + elapsed.idle - this.#elapsed.idle;
    if (totalMs < LEAST_MEASURED_MS) return;
    this.#elapsed = elapsed;
    this.#utilization = active / totalMs;
  }
}

interface Elapsed {
  readonly active: number;
  readonly idle: number;
}

function sum(report: TelemetryReport, isCounted: (name: string) => boolean): number {
  const series: ReportedSeries[] = report.flatMap((metric) => (isCounted(metric.name) ? metric.series : []));
  return series.reduce((total, { value }) => total + (typeof value === 'number' ? value : 0), 0);
}

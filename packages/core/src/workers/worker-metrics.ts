/** What the main thread knows of one worker in figures: its own, and what it reported of its components. */
import type { Worker } from 'node:worker_threads';
import type { TelemetryRegistry } from '../telemetry/registry.ts';
import type { Counter } from '../telemetry/telemetry.ts';
import type { ReportedSeries, TelemetryReport } from './telemetry-report.ts';
import { WorkerTelemetry } from './worker-telemetry.ts';

const ACCEPTED = /^otelcol_receiver_accepted_/;
const QUEUE_SIZE = 'otelcol_exporter_queue_size';

/** See the head of this file. */
export class WorkerMetrics {
  readonly #telemetry: WorkerTelemetry;
  readonly #deaths: Counter;
  #accepted = 0;
  #acceptedBefore = 0;
  #hasRun = false;
  #queued = 0;

  /** `worker` gives the thread that runs now. */
  constructor(registry: TelemetryRegistry, number: number, worker: () => Worker | undefined) {
    this.#telemetry = new WorkerTelemetry(registry);
    const own = registry.process();
    const attributes = { worker: String(number) };
    this.#deaths = own.counter(
      'otelcol_workers_deaths',
      { description: 'Workers that died and were replaced.', unit: '{worker}' },
      attributes,
    );
    own.observableCounter(
      'otelcol_workers_accepted_items',
      { description: 'Items that the receivers of a worker accepted.', unit: '{item}' },
      () => this.#acceptedBefore + this.#accepted,
      attributes,
    );
    let last: ReturnType<Worker['performance']['eventLoopUtilization']> | undefined;
    own.gauge(
      'otelcol_workers_utilization',
      { description: 'Share of the time since the last reading in which a worker was busy.', unit: '1' },
      () => {
        const elapsed = worker()?.performance.eventLoopUtilization();
        if (elapsed === undefined) return Number.NaN;
        const since = last === undefined || elapsed.active < last.active ? elapsed : subtract(elapsed, last);
        last = elapsed;
        return since.active / (since.active + since.idle);
      },
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
    this.#telemetry.apply(report);
    this.#accepted = sum(report, (name) => ACCEPTED.test(name));
    this.#queued = sum(report, (name) => name === QUEUE_SIZE);
  }

  countDeath(): void {
    this.#deaths.add(1);
  }

  /** The worker is gone. */
  reset(): void {
    this.#acceptedBefore += this.#accepted;
    this.#accepted = 0;
    this.#queued = 0;
    this.#telemetry.reset();
  }
}

interface Elapsed {
  readonly active: number;
  readonly idle: number;
}

function subtract(a: Elapsed, b: Elapsed): Elapsed {
  return { active: a.active - b.active, idle: a.idle - b.idle };
}

function sum(report: TelemetryReport, isCounted: (name: string) => boolean): number {
  const series: ReportedSeries[] = report.flatMap((metric) => (isCounted(metric.name) ? metric.series : []));
  return series.reduce((total, { value }) => total + (typeof value === 'number' ? value : 0), 0);
}

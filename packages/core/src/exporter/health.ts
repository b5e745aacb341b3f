import type { ReportStatus } from '../component/component.ts';
import type { Signal } from '../component/signal.ts';

/**
 * What an exporter says of its backend: `recoverable_error` from the first export that failed until, for every
 * signal that failed, one succeeded. Reports only changes.
 */
export class BackendHealth {
  readonly #report: ReportStatus;
  readonly #failing = new Set<Signal>();

  constructor(report: ReportStatus) {
    this.#report = report;
  }

  failed(signal: Signal, error: Error): void {
    if (this.#failing.has(signal)) return;
    this.#failing.add(signal);
    if (this.#failing.size === 1) this.#report('recoverable_error', error);
  }

  succeeded(signal: Signal): void {
    if (this.#failing.size === 0) return;
    if (this.#failing.delete(signal) && this.#failing.size === 0) this.#report('ok');
  }
}

import type { Consumer, SignalConsumer } from '../component/component.ts';
import { SIGNALS, type Signal } from '../component/signal.ts';
import { PermanentError } from '../errors.ts';
import type { Batch } from '../otlp/batch.ts';

/** The consumers of each signal that some pipeline takes. */
export type Routes = Readonly<Partial<Record<Signal, Consumer>>>;

/** The `next` of a receiver or a connector: picks the pipelines by the batch's signal. */
export class SignalRouter implements SignalConsumer {
  readonly signals: ReadonlySet<Signal>;
  readonly mutatesData: boolean;
  readonly #routes: Routes;
  readonly #onUnsupported: (batch: Batch) => void;

  /** `onUnsupported` is told of a batch that no pipeline takes, before it is refused. */
  constructor(routes: Routes, onUnsupported: (batch: Batch) => void) {
    this.#routes = routes;
    this.#onUnsupported = onUnsupported;
    this.signals = new Set(SIGNALS.filter((signal) => routes[signal] !== undefined));
    this.mutatesData = SIGNALS.some((signal) => routes[signal]?.mutatesData === true);
  }

  consume(batch: Batch): void | Promise<void> {
    const route = this.#routes[batch.signal];
    if (route !== undefined) return route.consume(batch);
    this.#onUnsupported(batch);
    throw new PermanentError('SIGNAL_UNSUPPORTED', `${batch.signal}: no pipeline takes this signal.`);
  }
}

/** Where data leaves a receiver, enters a connector and leaves it: the places at which the host counts what becomes of it. */
import type { Consumer } from '../component/component.ts';
import { SIGNALS, type Signal } from '../component/signal.ts';
import type { Batch } from '../otlp/batch.ts';
import { ConnectorOutcomes } from './connector-outcomes.ts';
import type { Instance } from './instance.ts';
import { MeteredConsumer } from './metered-consumer.ts';
import { ReceiverOutcomes } from './receiver-outcomes.ts';
import { type Routes, SignalRouter } from './signal-router.ts';

/** What a receiver hands its data to. */
export function receiverOutput(instance: Instance, routes: Routes): SignalRouter {
  const outcomes = bySignal((signal) => {
    const own = new ReceiverOutcomes(instance.telemetry, instance.logger, signal);
    instance.onClose(() => own.flush());
    return own;
  });
  const outcomesOf = (batch: Batch) => outcomes(batch).of(batch);
  return new SignalRouter(metered(routes, outcomesOf), (batch) => outcomesOf(batch).failed(batch.itemCount));
}

/** What a connector hands its data to. */
export function connectorOutput({ telemetry }: Instance, routes: Routes): SignalRouter {
  const produced = bySignal((signal) => new ConnectorOutcomes(telemetry, 'produced', signal));
  return new SignalRouter(metered(routes, produced), (batch) => produced(batch).refused(batch.itemCount));
}

/** What stands for a connector among the exporters of a pipeline. */
export function connectorInput({ telemetry }: Instance, connector: Consumer, mutatesData: boolean): Consumer {
  const consumed = bySignal((signal) => new ConnectorOutcomes(telemetry, 'consumed', signal));
  return new MeteredConsumer(connector, consumed, mutatesData);
}

function metered(routes: Routes, outcomesOf: ConstructorParameters<typeof MeteredConsumer>[1]): Routes {
  const wrapped: Partial<Record<Signal, Consumer>> = {};
  for (const signal of SIGNALS) {
    const route = routes[signal];
    if (route !== undefined) wrapped[signal] = new MeteredConsumer(route, outcomesOf);
  }
  return wrapped;
}

/** Makes one `T` for each signal, when its first batch comes: series that nobody uses do not appear. */
function bySignal<T>(create: (signal: Signal) => T): (batch: Batch) => T {
  const made: Partial<Record<Signal, T>> = {};
  return ({ signal }) => (made[signal] ??= create(signal));
}

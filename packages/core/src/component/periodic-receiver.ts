import { errorText } from '../errors.ts';
import type { Batch } from '../otlp/batch.ts';
import type { Component, SignalConsumer } from './component.ts';
import type { Settings } from './factory.ts';

/** What a receiver that looks at something at intervals does. */
export interface PeriodicWork {
  /** How often it looks, in milliseconds; the first time at the start. */
  readonly intervalMs: number;
  /** Looks once; gives nothing where there is nothing to tell. `stop` aborts at the shutdown, which waits for it. */
  look(stop: AbortSignal): Batch | undefined | Promise<Batch | undefined>;
}

/**
 * A receiver that asks instead of being told: it looks at something once an interval and hands on what it saw. A round that
 * takes longer than the interval is not overtaken by the next. What a round threw is logged, what the pipelines refused is
 * counted and logged by the host, and the next round tries again.
 */
export function periodicReceiver(settings: Settings, next: SignalConsumer, work: PeriodicWork): Component {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | undefined;

  async function runRound(): Promise<void> {
    const batch = await look();
    if (batch === undefined) return;
    try {
      await next.consume(batch);
    } catch {
      // Nobody waits for an answer, and what was seen is out of date before it could be sent again.
    }
  }

  async function look(): Promise<Batch | undefined> {
    try {
      return await work.look(stopping.signal);
    } catch (error) {
      if (!stopping.signal.aborted)
        settings.logger.warn({ error: errorText(error) }, 'a round came to nothing');
      return undefined;
    }
  }

  function begin(): void {
    round ??= runRound().finally(() => {
      round = undefined;
    });
  }

  return {
    start() {
      begin();
      timer = setInterval(begin, work.intervalMs);
    },
    async shutdown() {
      clearInterval(timer);
      stopping.abort();
      await round;
    },
  };
}

import {
  type Component,
  LogsWriter,
  periodicReceiver,
  type Settings,
  type SignalConsumer,
} from '@tributary/core';
import type { ExampleConfig } from './config.ts';

/** Makes a log record at an interval. */
export function createExampleReceiver(
  settings: Settings,
  { interval, body }: ExampleConfig,
  next: SignalConsumer,
): Component {
  const writer = new LogsWriter();
  return periodicReceiver(settings, next, {
    intervalMs: interval,
    look() {
      writer.scope('example');
      writer.record({ timeUnixNano: BigInt(Date.now()) * 1_000_000n, body });
      return writer.finish();
    },
  });
}

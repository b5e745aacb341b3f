/**
 * A plugin in one file: the receiver `tcp_check` opens a TCP connection to each of its targets once an interval, and
 * gives what it saw as metrics: whether the target took the connection, and how long that took.
 *
 * It needs no node_modules and no build: what it imports from '@tributary/core' is the running program's own. Run it:
 * `tributary --config configs/plugin-example.yaml`.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import * as core from '@tributary/core';
import { defineReceiver, duration, endpoint, MetricsWriter, periodicReceiver, z } from '@tributary/core';

/** What the program looks for: every factory that the file exports. Configurations name its `type`. */
export const tcpCheckReceiver = defineReceiver({
  type: 'tcp_check',
  description: 'Opens TCP connections at intervals and measures how long that takes.',
  signals: { metrics: 'alpha' },
  // One schema gives the settings their types, defaults and checks, and editors their completion.
  configSchema: z.strictObject({
    targets: z.array(endpoint()).min(1).describe('What to connect to, each as `host:port`.'),
    interval: duration({ default: '10s', min: '100ms' }).describe('How often the targets are tried.'),
    timeout: duration({ default: '3s', min: '1ms' }).describe('How long a connection may take to open.'),
  }),
  create(settings, { targets, interval, timeout }, next) {
    const writer = new MetricsWriter();
    return periodicReceiver(settings, next, {
      intervalMs: interval,
      async look(stop) {
        const results = await Promise.all(targets.map((target) => check(target, timeout, stop)));
        stop.throwIfAborted();
        const up = results.map(({ seconds, ...point }) => ({
          ...point,
          asInt: core.ATTR_ERROR_TYPE in point.attributes ? 0 : 1,
        }));
        const durations = results.map(({ seconds, ...point }) => ({ ...point, asDouble: seconds }));
        writer.resource({ [core.ATTR_HOST_NAME]: hostname() });
        writer.scope('tcp_check');
        writer.metric({ type: 'gauge', name: 'tcp_check.up', unit: '1', dataPoints: up });
        writer.metric({ type: 'gauge', name: 'tcp_check.duration', unit: 's', dataPoints: durations });
        return writer.finish();
      },
    });
  },
});

/** Opens a connection and closes it. Never rejects: that a target cannot be reached is what this is about. */
async function check(target: string, timeoutMs: number, stop: AbortSignal) {
  const { host, port } = core.splitHostPort(target) ?? { host: target, port: 0 };
  const startMs = performance.now();
  const socket = connect({ host, port, signal: stop });
  socket.setTimeout(timeoutMs, () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
  // A few different words, as attributes of metrics need: ECONNREFUSED, ENOTFOUND, ETIMEDOUT.
  const problem = await once(socket, 'connect').then(
    () => ({}),
    (error: NodeJS.ErrnoException) => ({ [core.ATTR_ERROR_TYPE]: error.code ?? error.name }),
  );
  const seconds = (performance.now() - startMs) / 1000;
  socket.destroy();
  const attributes = { [core.ATTR_SERVER_ADDRESS]: host, [core.ATTR_SERVER_PORT]: port, ...problem };
  return { attributes, timeUnixNano: BigInt(Date.now()) * 1_000_000n, seconds };
}

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
import { defineReceiver, duration, endpoint, MetricsWriter, splitHostPort, z } from '@tributary/core';

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
  create({ logger }, { targets, interval, timeout }, next) {
    const writer = new MetricsWriter();
    const stopping = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    let round: Promise<void> | undefined;

    async function checkAll(): Promise<void> {
      const results = await Promise.all(targets.map((target) => check(target, timeout, stopping.signal)));
      if (stopping.signal.aborted) return;
      const up = results.map(({ isUp, ...point }) => ({ ...point, asInt: isUp ? 1 : 0 }));
      const durations = results.map(({ seconds, ...point }) => ({ ...point, asDouble: seconds }));
      writer.resource({ [core.ATTR_HOST_NAME]: hostname() });
      writer.scope('tcp_check');
      writer.metric({ type: 'gauge', name: 'tcp_check.up', unit: '1', dataPoints: up });
      writer.metric({ type: 'gauge', name: 'tcp_check.duration', unit: 's', dataPoints: durations });
      const batch = writer.finish();
      // A receiver with clients would answer them only after this; here nobody waits, and the host counts refusals.
      if (batch !== undefined) await next.consume(batch);
    }

    function begin(): void {
      // A round that takes longer than the interval is not overtaken by the next.
      round ??= checkAll()
        .catch((error: unknown) => logger.debug({ error }, 'the pipeline refused what was measured'))
        .finally(() => {
          round = undefined;
        });
    }

    return {
      start() {
        begin();
        timer = setInterval(begin, interval);
      },
      async shutdown() {
        clearInterval(timer);
        stopping.abort();
        await round;
      },
    };
  },
});

/** Opens a connection and closes it. Never rejects: that a target cannot be reached is what this is about. */
async function check(target: string, timeoutMs: number, stop: AbortSignal) {
  const { host, port } = splitHostPort(target) ?? { host: target, port: 0 };
  const startMs = performance.now();
  const socket = connect({ host, port, signal: stop });
  socket.setTimeout(timeoutMs, () =>
    socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
  );
  const problem = await once(socket, 'connect').then(() => undefined, errorType);
  const seconds = (performance.now() - startMs) / 1000;
  socket.destroy();
  const attributes = { [core.ATTR_SERVER_ADDRESS]: host, [core.ATTR_SERVER_PORT]: port, ...problem };
  return { attributes, timeUnixNano: BigInt(Date.now()) * 1_000_000n, seconds, isUp: problem === undefined };
}

/** A few different words, as attributes of metrics need: `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`. */
function errorType(error: NodeJS.ErrnoException) {
  return { [core.ATTR_ERROR_TYPE]: error.code ?? error.name };
}

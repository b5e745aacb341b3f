import {
  isWholeCgroupTree,
  type Machine,
  monotonicNowNs,
  monotonicToUnixNs,
  requireBpf,
} from '@tributary/bpf';
import { errorText } from '@tributary/core';
import type { Block, BlockEnvironment } from '../block.ts';
import { FlowReporter } from './flow-reporter.ts';
import type { FlowsConfig } from './flows-config.ts';
import { ListenerMetrics } from './listener-metrics.ts';
import { TcpRecordDecoder } from './records/tcp-record.ts';
import { observeTcpCounters } from './tcp-counters.ts';
import { TcpFlows } from './tcp-flows.ts';

/** TCP flows of the `flows` block by kernel programs, and what listening sockets lose. */
export class TcpPart implements Block {
  readonly #environment: BlockEnvironment;
  readonly #config: FlowsConfig;
  readonly #reporter: FlowReporter;
  readonly #listeners: ListenerMetrics;
  #flows: TcpFlows | undefined;

  constructor(environment: BlockEnvironment, config: FlowsConfig) {
    this.#environment = environment;
    this.#config = config;
    this.#reporter = new FlowReporter(environment, 'tcp');
    const { settings, cgroups } = environment;
    this.#listeners = new ListenerMetrics({ version: settings.version, cgroups });
  }

  async start(): Promise<void> {
    const machine = requireBpf();
    const { settings, losses } = this.#environment;
    const { idle_interval, ring_buffer_bytes, interval } = this.#config;
    const flows = new TcpFlows({
      connectCgroup: connectCgroup(machine),
      idleIntervalMs: idle_interval,
      ringBufferBytes: ring_buffer_bytes,
      logger: settings.logger,
    });
    this.#flows = flows;
    observeTcpCounters(settings.telemetry, losses, () => flows.counters());
    await this.#markExisting(flows);
    const handle = this.#reporter.decoding(new TcpRecordDecoder());
    this.#reporter.begin(
      {
        drain: (limit) => flows.drain(handle, limit),
        sweep: async (mayGoOn) => {
          await flows.sweep(handle, mayGoOn);
          await this.#sweepListeners(flows);
        },
        crowding: () => flows.crowding,
        abandon: () => flows.drain(() => {}, Number.POSITIVE_INFINITY),
      },
      interval,
    );
  }

  async shutdown(): Promise<void> {
    await this.#reporter.end();
    this.#flows?.close();
    this.#flows = undefined;
  }

  async #markExisting(flows: TcpFlows): Promise<void> {
    try {
      await flows.markExisting();
    } catch (error) {
      this.#environment.settings.logger.warn(
        { error: errorText(error) },
        'connections from before the start could not be looked for',
      );
    }
  }

  async #sweepListeners(flows: TcpFlows): Promise<void> {
    const { metrics, losses } = this.#environment;
    if (metrics.isFull) return;
    await flows.sweepListeners((view, offset) => {
      const taken = this.#listeners.add(view, offset);
      if (taken === 'unreadable') this.#reporter.unreadable();
      else if (taken === 'full') losses.add(1, 'listeners_full');
    });
    const batch = this.#listeners.finish(monotonicNowNs(), monotonicToUnixNs());
    if (batch !== undefined) metrics.add(batch);
  }
}

/**
 * Where connect() can be watched for the whole machine. Where it cannot, records have where a connection went and not what was
 * asked for, which differ only where a CNI rewrites it; so it is for `doctor` to say, and not for the log.
 */
function connectCgroup({ capabilities, cgroups }: Machine): string | undefined {
  const path = cgroups.v2Path;
  return capabilities.CAP_NET_ADMIN && path !== undefined && isWholeCgroupTree(path) ? path : undefined;
}

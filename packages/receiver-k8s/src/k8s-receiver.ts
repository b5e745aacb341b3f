import {
  type Component,
  errorText,
  Outbox,
  RepeatedLog,
  type Settings,
  type Signal,
  type SignalConsumer,
} from '@tributary/core';
import { ClusterWatch, type KubernetesAuth, ResourceWatch } from '@tributary/kubernetes';
import type { K8sConfig } from './config.ts';
import { EntityEvents } from './entities/entity-events.ts';
import { EventHandler } from './events/event-handler.ts';
import { EventLog } from './events/event-log.ts';
import { MetricsRounds } from './metrics/metrics-rounds.ts';
import { ObjectMetrics } from './metrics/object-metrics.ts';
import { WorkloadCountsWatch } from './metrics/workload-counts.ts';

/** What waits for the pipelines, at most; data points take some 100 bytes each, with their share of the resource. */
const MAX_WAITING_RECORDS = 20_000;
const MAX_WAITING_POINTS = 100_000;

const LOSSES = {
  description: 'Records that were lost, and what of the API was not taken in, by reason.',
  unit: '{record}',
};

/** A part that is ended before the receiver is. */
interface Part {
  close(): void | Promise<void>;
}

/** The receiver: fills the context, and emits what the pipelines that name it take. */
export class K8sReceiver implements Component {
  readonly #settings: Settings;
  readonly #config: K8sConfig;
  readonly #signals: SignalConsumer['signals'];
  readonly #logs: Outbox;
  readonly #metrics: Outbox;
  readonly #lostLog: RepeatedLog;
  readonly #parts: Part[] = [];
  #cluster: ClusterWatch | undefined;

  constructor(settings: Settings, config: K8sConfig, next: SignalConsumer) {
    this.#settings = settings;
    this.#config = config;
    this.#signals = next.signals;
    this.#lostLog = new RepeatedLog((fields) => settings.logger.warn(fields, 'records were lost'));
    const outbox = (signal: Signal, maxRecords: number): Outbox =>
      new Outbox(next, {
        isTaken: next.signals.has(signal),
        maxRecords,
        onLost: (records, reason, error) => this.#lose(records, reason, error),
      });
    this.#logs = outbox('logs', MAX_WAITING_RECORDS);
    this.#metrics = outbox('metrics', MAX_WAITING_POINTS);
  }

  async start(): Promise<void> {
    const { node, namespaces, label_selector, field_selector, resources, events, entities, metrics } =
      this.#config;
    const cluster = await ClusterWatch.acquire(this.#settings, {
      auth: authOf(this.#config),
      ...(node === undefined || node === '' ? {} : { node }),
      ...(namespaces.length === 0 ? {} : { namespaces }),
      ...(label_selector === undefined ? {} : { labelSelector: label_selector }),
      ...(field_selector === undefined ? {} : { fieldSelector: field_selector }),
      resources: new Set(resources),
    });
    this.#cluster = cluster;
    if (this.#signals.has('logs') && entities.enabled) this.#startEntities(cluster);
    if (this.#signals.has('logs') && events.enabled) this.#startEvents(cluster);
    if (this.#signals.has('metrics') && metrics.enabled) this.#startMetrics(cluster);
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    for (const part of this.#parts.splice(0)) await part.close();
    await Promise.all([this.#logs.close(signal), this.#metrics.close(signal)]);
    await this.#cluster?.release();
    this.#cluster = undefined;
    this.#lostLog.flush();
  }

  #startEntities({ facts }: ClusterWatch): void {
    const entityEvents = new EntityEvents({
      facts,
      outbox: this.#logs,
      version: this.#settings.version,
      intervalMs: this.#config.entities.interval,
      onLost: (count, reason) => this.#lose(count, reason),
    });
    entityEvents.start();
    this.#parts.push(entityEvents);
  }

  #startEvents({ client, facts }: ClusterWatch): void {
    const { logger, telemetry, version } = this.#settings;
    const { namespaces, events } = this.#config;
    const eventLog = new EventLog(version);
    const startMs = Date.now();
    const wanted = events.namespaces ?? namespaces;
    for (const namespace of wanted.length === 0 ? [undefined] : new Set(wanted)) {
      const handler = new EventHandler({
        startMs,
        onEvent: (event) => {
          if (this.#logs.isFull) {
            this.#lose(1, 'too_many_waiting');
            return;
          }
          const batch = eventLog.write(event, Date.now(), facts.clusterUid);
          if (batch !== undefined) this.#logs.add(batch);
        },
        onMalformed: () => this.#lose(1, 'malformed_event'),
      });
      const scope = namespace === undefined ? {} : { namespace };
      const spec = { group: '', version: 'v1', plural: 'events', kind: 'Event', ...scope } as const;
      const watch = new ResourceWatch(client, spec, handler, { logger, telemetry });
      watch.start();
      this.#parts.push(watch);
    }
  }

  #startMetrics({ client, facts }: ClusterWatch): void {
    const { logger, telemetry, version } = this.#settings;
    const { metrics, namespaces, resources } = this.#config;
    const workloads = new WorkloadCountsWatch({
      ...{ client, logger, telemetry, namespaces, resources },
      onRefused: (reason) => this.#lose(1, `workload_${reason}`),
    });
    const rounds = new MetricsRounds({
      ...{ facts, workloads, logger, outbox: this.#metrics, intervalMs: metrics.interval },
      metrics: new ObjectMetrics({
        version,
        startUnixNano: BigInt(Date.now()) * 1_000_000n,
        exclude: metrics.exclude,
      }),
      onSkipped: () => this.#lose(1, 'round_skipped'),
    });
    workloads.start();
    rounds.start();
    this.#parts.push(rounds, workloads);
  }

  #lose(records: number, reason: string, error?: unknown): void {
    this.#settings.telemetry.counter('otelcol_receiver_k8s_losses', LOSSES, { reason }).add(records);
    this.#lostLog.occur(records, { reason, ...(error === undefined ? {} : { error: errorText(error) }) });
  }
}

function authOf({ auth_type, kube_config_path, context }: K8sConfig): KubernetesAuth {
  return {
    auth_type,
    ...(kube_config_path === undefined ? {} : { kube_config_path }),
    ...(context === undefined ? {} : { context }),
  };
}

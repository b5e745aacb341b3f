import {
  ClientTls,
  type Component,
  errorText,
  Outbox,
  PipelineError,
  RepeatedLog,
  type Settings,
  type SignalConsumer,
} from '@tributary/core';
import type { DockerConfig } from './config.ts';
import { ContainerFacts } from './container-facts.ts';
import { EngineClient } from './engine-client.ts';
import { EngineWatch } from './engine-watch.ts';
import { EventLog } from './event-log.ts';
import { compileNames, type NameMatcher } from './name-matcher.ts';

/** Events that wait for the pipelines, at most. */
const MAX_WAITING_EVENTS = 10_000;

const LOSSES = {
  description: 'Events that were lost, and facts of containers that were not taken in, by reason.',
  unit: '{record}',
};

/**
 * The receiver: fills the context with an engine's containers, and tells what happens to them where a pipeline takes logs. An
 * engine that is not there is waited for.
 */
export class DockerReceiver implements Component {
  readonly #settings: Settings;
  readonly #config: DockerConfig;
  readonly #outbox: Outbox;
  readonly #lostLog: RepeatedLog;
  #tls: ClientTls | undefined;
  #watch: EngineWatch | undefined;
  #closeSource: (() => void) | undefined;

  constructor(settings: Settings, config: DockerConfig, next: SignalConsumer) {
    this.#settings = settings;
    this.#config = config;
    this.#lostLog = new RepeatedLog((fields) => settings.logger.warn(fields, 'records were lost'));
    this.#outbox = new Outbox(next, {
      isTaken: next.signals.has('logs'),
      maxRecords: MAX_WAITING_EVENTS,
      onLost: (records, reason, error) => this.#lose(records, reason, error),
    });
  }

  start(): void {
    const { id, logger, configDir, telemetry, context, version, reportStatus } = this.#settings;
    const { endpoint, timeout, api_version, tls, cache_sync_interval } = this.#config;
    const where = `receivers::${id}`;
    if (tls !== undefined) this.#tls = new ClientTls(tls, { where: `${where}::tls`, configDir, logger });
    const client = new EngineClient({
      endpoint,
      timeoutMs: timeout,
      apiVersion: api_version,
      tls: this.#tls,
    });
    const facts = new ContainerFacts(context, (count, reason) => this.#lose(count, reason));
    const events = new EventLog({ version });
    const source = context.source(`${id} containers`);
    this.#closeSource = () => source.close();
    telemetry.gauge(
      'otelcol_receiver_docker_containers',
      { description: 'Containers that are known.', unit: '{container}' },
      () => facts.size,
    );
    this.#watch = new EngineWatch(client, facts, {
      where: `${where}::endpoint "${endpoint}"`,
      logger,
      telemetry,
      source,
      syncIntervalMs: cache_sync_interval,
      isExcluded: this.#excluded(),
      onEvent: (event) => {
        const batch = events.write(event, Date.now());
        if (batch === undefined) return;
        if (this.#outbox.isFull) this.#lose(batch.itemCount, 'too_many_waiting');
        else this.#outbox.add(batch);
      },
      onState: (problem) =>
        problem === undefined ? reportStatus('ok') : reportStatus('recoverable_error', problem),
    });
    this.#watch.start();
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    await this.#watch?.close();
    this.#closeSource?.();
    this.#tls?.close();
    await this.#outbox.close(signal);
    this.#lostLog.flush();
  }

  #excluded(): (image: string, labels: readonly string[]) => boolean {
    const { excluded_images, excluded_labels } = this.#config;
    const isImage = matcher(excluded_images, 'excluded_images');
    const isLabel = matcher(excluded_labels, 'excluded_labels');
    return (image, labels) => {
      if (excluded_images.length > 0 && isImage(image)) return true;
      if (excluded_labels.length === 0) return false;
      for (let index = 0; index < labels.length; index += 2) {
        if (isLabel(`${labels[index]}=${labels[index + 1]}`)) return true;
      }
      return false;
    };
  }

  #lose(records: number, reason: string, error?: unknown): void {
    this.#settings.telemetry.counter('otelcol_receiver_docker_losses', LOSSES, { reason }).add(records);
    this.#lostLog.occur(records, { reason, ...(error === undefined ? {} : { error: errorText(error) }) });
  }
}

/** The schema's `validate` has refused what does not compile, unless somebody creates the receiver without it. */
function matcher(names: readonly string[], key: string): NameMatcher {
  const compiled = compileNames(names);
  if (typeof compiled === 'function') return compiled;
  throw new PipelineError('CONFIG_INVALID', `${key}::${compiled.index}: ${compiled.problem}`);
}

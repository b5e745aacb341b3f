import type { Component, Consumer } from '../component/component.ts';
import { SIGNALS, type Signal } from '../component/signal.ts';
import type { PipelineConfig, ResolvedConfig } from '../config/resolved-config.ts';
import { PipelineError } from '../errors.ts';
import { isLevelEnabled } from '../telemetry/level.ts';
import type { Entry, GraphPart, ProcessorRange } from '../workers/placement.ts';
import { connectorInput, connectorOutput, receiverOutput } from './boundaries.ts';
import { ComponentMaker, type MakerContext } from './component-maker.ts';
import { fanOut } from './fan-out.ts';
import type { Instance } from './instance.ts';
import { ProcessorMeter } from './processor-meter.ts';
import type { Routes } from './signal-router.ts';

/** What the components of a graph are made with. */
export interface GraphContext extends MakerContext {
  /** The part of the graph that is built; all of it where there is none. */
  readonly part?: GraphPart;
  /**
   * Gives what takes batches to an entry of another thread, for what the part leaves out. `isSole` says that nobody else
   * has the bytes of what goes there.
   */
  readonly cross?: (entry: Entry, isSole: boolean) => Consumer;
}

/** All component instances that the configuration's service names, wired. */
export interface Graph {
  /**
   * In the order of their start: extensions, exporters, then what stands between, each after everything it sends to,
   * and receivers last. The reverse is the order of the shutdown.
   */
  readonly instances: readonly Instance[];
  /** The extensions by id. */
  readonly extensions: ReadonlyMap<string, Component>;
  /** The consumer at an entry of the part that was built. */
  entry(entry: Entry): Consumer;
}

/**
 * Creates every component that a pipeline or `service::extensions` names: receivers, connectors and exporters once
 * for each id, processors once for each pipeline. Throws `COMPONENT_START` if a factory throws, and `CONFIG_INVALID`
 * for what a checked configuration does not contain: a missing component, a cycle.
 */
export function buildGraph(config: ResolvedConfig, context: GraphContext): Graph {
  return new GraphBuilder(config, context).build();
}

class GraphBuilder {
  readonly #config: ResolvedConfig;
  readonly #context: GraphContext;
  readonly #maker: ComponentMaker;
  readonly #extensions = new Map<string, Component>();
  /** Exporters and connectors by id, as pipelines see them. */
  readonly #ends = new Map<string, Consumer>();
  /** What receivers and connectors send to, by the pipeline's id. */
  readonly #heads = new Map<string, Consumer>();
  /** What takes data before each processor of a pipeline, and behind the last. */
  readonly #stages = new Map<string, readonly (Consumer | undefined)[]>();
  /** The pipelines and connectors of which the downstream is being built, outermost first. */
  readonly #path: string[] = [];

  constructor(config: ResolvedConfig, context: GraphContext) {
    this.#config = config;
    this.#context = context;
    this.#maker = new ComponentMaker(config, context);
  }

  build(): Graph {
    const { extensions, pipelines, components } = this.#config;
    const { part } = this.#context;
    const isConnector = (id: string): boolean => components.connector.has(id);
    const ends = unique(pipelines.flatMap(({ exporters }) => exporters)).filter((id) => this.#hasEnd(id));
    try {
      for (const id of extensions) if (part?.extensions.has(id) ?? true) this.#extension(id);
      for (const id of ends) if (!isConnector(id)) this.#exporter(id);
      for (const pipeline of pipelines) if (this.#range(pipeline) !== undefined) this.#head(pipeline);
      for (const id of ends) if (isConnector(id)) this.#end(id);
      for (const id of unique(pipelines.flatMap(({ receivers }) => receivers))) {
        if (!isConnector(id) && (part?.receivers.has(id) ?? true)) this.#receiver(id);
      }
    } catch (error) {
      for (const instance of this.#maker.instances) instance.close();
      throw error;
    }
    return {
      instances: this.#maker.instances,
      extensions: this.#extensions,
      entry: (entry) => this.#entry(entry),
    };
  }

  #hasEnd(id: string): boolean {
    return this.#context.part?.exporters.has(id) ?? true;
  }

  /** The processors of a pipeline that are built; undefined if nothing of it is. */
  #range(pipeline: PipelineConfig): ProcessorRange | undefined {
    const { part } = this.#context;
    return part === undefined
      ? { from: 0, to: pipeline.processors.length }
      : part.processors.get(pipeline.id);
  }

  #extension(id: string): void {
    const { factory, config } = this.#maker.find('extension', id);
    const instance = this.#maker.add({ kind: 'extension', id });
    this.#extensions.set(
      id,
      this.#maker.make(instance, (settings) => factory.create(settings, config)),
    );
  }

  #exporter(id: string): void {
    const { factory, config } = this.#maker.find('exporter', id);
    const instance = this.#maker.add({ kind: 'exporter', id });
    // Not counted here: only the exporter itself knows what its queue and its retries made of the data.
    this.#ends.set(
      id,
      this.#maker.make(instance, (settings) => factory.create(settings, config)),
    );
  }

  /** The consumer that stands for a pipeline: its first processor, or what its exporters share. */
  #head(pipeline: PipelineConfig): Consumer {
    const known = this.#heads.get(pipeline.id);
    if (known !== undefined) return known;
    const { id, processors } = pipeline;
    const { from, to } = this.#range(pipeline) ?? { from: 0, to: 0 };
    let head =
      to < processors.length
        ? this.#cross({ pipeline: id, processor: to }, this.#isSole(pipeline))
        : this.#within(`pipeline "${id}"`, () => this.#tail(pipeline));
    const stages: Consumer[] = [];
    stages[to] = head;
    for (const [index, processor] of [...processors.entries()].slice(from, to).toReversed()) {
      head = this.#processor(processor, pipeline, head);
      stages[index] = head;
    }
    this.#stages.set(id, stages);
    this.#heads.set(id, head);
    return head;
  }

  /** What the exporters of a pipeline share. */
  #tail(pipeline: PipelineConfig): Consumer {
    const exporters = unique(pipeline.exporters);
    const isSole = exporters.length === 1 && this.#isSole(pipeline);
    return fanOut(
      exporters.map((id) => (this.#hasEnd(id) ? this.#end(id) : this.#cross({ exporter: id }, isSole))),
    );
  }

  /** An exporter or a connector; connectors are made when they are first asked for. */
  #end(id: string): Consumer {
    return this.#ends.get(id) ?? this.#connector(id);
  }

  #entry(entry: Entry): Consumer {
    const found =
      'exporter' in entry
        ? this.#ends.get(entry.exporter)
        : this.#stages.get(entry.pipeline)?.[entry.processor];
    if (found !== undefined) return found;
    throw new TypeError(`the graph has no entry ${JSON.stringify(entry)}`);
  }

  #cross(entry: Entry, isSole: boolean): Consumer {
    const { cross } = this.#context;
    if (cross !== undefined) return cross(entry, isSole);
    throw new TypeError(`nothing takes batches to ${JSON.stringify(entry)}`);
  }

  /** True if a batch of this pipeline is in no other: each of its receivers feeds it alone with this signal. */
  #isSole({ signal, receivers }: PipelineConfig): boolean {
    const { components, pipelines } = this.#config;
    return receivers.every((id) => {
      const fed = pipelines.filter((other) => other.signal === signal && other.receivers.includes(id));
      return !components.connector.has(id) && fed.length === 1;
    });
  }

  #processor(id: string, { id: pipeline, signal }: PipelineConfig, next: Consumer): Consumer {
    const { factory, config } = this.#maker.find('processor', id);
    const instance = this.#maker.add({ kind: 'processor', id, pipeline });
    const isTimed = isLevelEnabled(this.#context.registry.level, 'detailed');
    const meter = new ProcessorMeter(instance.telemetry, signal, isTimed);
    const output = meter.output(next);
    const processor = this.#maker.make(instance, (settings) => factory.create(settings, config, output));
    return meter.input(processor, next);
  }

  #connector(id: string): Consumer {
    const { factory, config } = this.#maker.find('connector', id);
    const routes = this.#within(`connector "${id}"`, () => this.#routes(id));
    const instance = this.#maker.add({ kind: 'connector', id });
    const output = connectorOutput(instance, routes);
    const connector = this.#maker.make(instance, (settings) => factory.create(settings, config, output));
    // It may hand on the very batch that it was given, to pipelines that edit it.
    const isForwarding = factory.routes.some(({ from, to }) => from === to);
    const mutatesData = connector.mutatesData === true || (isForwarding && output.mutatesData);
    const end = connectorInput(instance, connector, mutatesData);
    this.#ends.set(id, end);
    return end;
  }

  #receiver(id: string): void {
    const { factory, config } = this.#maker.find('receiver', id);
    const instance = this.#maker.add({ kind: 'receiver', id });
    const output = receiverOutput(instance, this.#routes(id));
    this.#maker.make(instance, (settings) => factory.create(settings, config, output));
  }

  /** For each signal, the pipelines that this receiver or connector begins. */
  #routes(id: string): Routes {
    const routes: Partial<Record<Signal, Consumer>> = {};
    for (const signal of SIGNALS) {
      const pipelines = this.#config.pipelines.filter(
        (pipeline) => pipeline.signal === signal && pipeline.receivers.includes(id),
      );
      if (pipelines.length > 0) routes[signal] = fanOut(pipelines.map((pipeline) => this.#head(pipeline)));
    }
    return routes;
  }

  /** Does `work`, which builds the downstream of `step`, and refuses to meet `step` in it again. */
  #within<T>(step: string, work: () => T): T {
    const start = this.#path.indexOf(step);
    if (start >= 0) {
      const cycle = [...this.#path.slice(start), step].join(' -> ');
      throw new PipelineError(
        'CONFIG_INVALID',
        `service::pipelines: cycle detected: ${cycle}. Take the connector out of one of these pipelines, or use a second one there.`,
      );
    }
    this.#path.push(step);
    const result = work();
    this.#path.pop();
    return result;
  }
}

function unique(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)];
}

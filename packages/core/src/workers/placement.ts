/**
 * Which components of a configuration run in each worker and which once, in the main thread.
 *
 *     workers   receiver ─► processor ─┐            receiver ─► processor ─► exporter
 *                                      ▼
 *     main thread                 processor ─► exporter
 *
 * A receiver that may be copied runs in the workers, with what follows it down to the first component that may not. What
 * only other receivers feed runs in the main thread; what both feed runs in both.
 */
import type { ComponentKind } from '../component/factory.ts';
import type { PipelineConfig, ResolvedConfig } from '../config/resolved-config.ts';

/** A place in the main thread's graph where batches of workers enter: before a processor of a pipeline, or at an exporter. */
export type Entry = { readonly pipeline: string; readonly processor: number } | { readonly exporter: string };

/** The processors of a pipeline that a part runs: from one number up to but without another. */
export interface ProcessorRange {
  readonly from: number;
  readonly to: number;
}

/** The part of the graph that runs in one kind of thread. */
export interface GraphPart {
  readonly extensions: ReadonlySet<string>;
  readonly receivers: ReadonlySet<string>;
  /** Exporters and connectors. */
  readonly exporters: ReadonlySet<string>;
  /** By the pipeline's id; what comes after the range, if it is not the end, is elsewhere. */
  readonly processors: ReadonlyMap<string, ProcessorRange>;
}

/** Where everything runs. */
export interface Placement {
  readonly worker: GraphPart;
  readonly main: GraphPart;
  /** Where the main thread takes in what comes from workers. */
  readonly entries: readonly Entry[];
}

/** An entry as text, the same for equal ones. */
export function entryKey(entry: Entry): string {
  return 'exporter' in entry ? `exporter:${entry.exporter}` : `${entry.pipeline}#${entry.processor}`;
}

/** Places the components of a configuration; undefined where no receiver may be copied, so that workers would do nothing. */
export function placeComponents(config: ResolvedConfig): Placement | undefined {
  const placing = new Placing(config);
  return placing.hasWork ? placing.placement() : undefined;
}

class Part implements GraphPart {
  readonly extensions = new Set<string>();
  readonly receivers = new Set<string>();
  readonly exporters = new Set<string>();
  readonly processors = new Map<string, ProcessorRange>();
}

class Placing {
  readonly #config: ResolvedConfig;
  readonly #worker = new Part();
  readonly #main = new Part();
  readonly #entries = new Map<string, Entry>();

  constructor(config: ResolvedConfig) {
    this.#config = config;
    for (const { receivers } of config.pipelines) {
      for (const id of receivers) {
        if (config.components.connector.has(id)) continue;
        (this.#isCopyable('receiver', id) ? this.#worker : this.#main).receivers.add(id);
      }
    }
    for (const id of config.extensions) {
      this.#main.extensions.add(id);
      if (this.#isCopyable('extension', id)) this.#worker.extensions.add(id);
    }
  }

  get hasWork(): boolean {
    return this.#worker.receivers.size > 0;
  }

  placement(): Placement {
    for (const id of this.#worker.receivers) this.#feedInWorkers(id);
    for (const id of this.#main.receivers) this.#feedInMain(id);
    return { worker: this.#worker, main: this.#main, entries: [...this.#entries.values()] };
  }

  #feedInWorkers(source: string): void {
    for (const pipeline of this.#fedBy(source)) {
      if (this.#worker.processors.has(pipeline.id)) continue;
      const { id, processors, exporters } = pipeline;
      const cut = processors.findIndex((processor) => !this.#isCopyable('processor', processor));
      this.#worker.processors.set(id, { from: 0, to: cut < 0 ? processors.length : cut });
      if (cut >= 0) {
        this.#enter({ pipeline: id, processor: cut });
        this.#runInMain(pipeline, cut);
        continue;
      }
      for (const exporter of exporters) this.#endInWorkers(exporter);
    }
  }

  #endInWorkers(id: string): void {
    if (!this.#isCopyable(this.#kindOf(id), id)) {
      this.#enter({ exporter: id });
      this.#endInMain(id);
    } else if (!this.#worker.exporters.has(id)) {
      this.#worker.exporters.add(id);
      if (this.#config.components.connector.has(id)) this.#feedInWorkers(id);
    }
  }

  #feedInMain(source: string): void {
    for (const pipeline of this.#fedBy(source)) this.#runInMain(pipeline, 0);
  }

  #runInMain(pipeline: PipelineConfig, from: number): void {
    const { id, processors, exporters } = pipeline;
    const known = this.#main.processors.get(id);
    this.#main.processors.set(id, { from: Math.min(from, known?.from ?? from), to: processors.length });
    if (known === undefined) for (const exporter of exporters) this.#endInMain(exporter);
  }

  #endInMain(id: string): void {
    if (this.#main.exporters.has(id)) return;
    this.#main.exporters.add(id);
    if (this.#config.components.connector.has(id)) this.#feedInMain(id);
  }

  #enter(entry: Entry): void {
    this.#entries.set(entryKey(entry), entry);
  }

  #fedBy(source: string): readonly PipelineConfig[] {
    return this.#config.pipelines.filter(({ receivers }) => receivers.includes(source));
  }

  #kindOf(id: string): ComponentKind {
    return this.#config.components.connector.has(id) ? 'connector' : 'exporter';
  }

  #isCopyable(kind: ComponentKind, id: string): boolean {
    return this.#config.components[kind].get(id)?.factory.isCopyable === true;
  }
}

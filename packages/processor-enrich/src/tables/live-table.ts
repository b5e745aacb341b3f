/**
 * A table that is read again as it changes. What is in use is swapped as a whole, and only for one that is of use: whatever is
 * wrong with a new one, the last good one stays, and the table is told to be in trouble until one can be read.
 */
import { type ComponentTelemetry, type Counter, errorText, type Logger } from '@tributary/core';
import { formatOf, type TableConfig } from './config.ts';
import { readRows } from './read-rows.ts';
import { Table } from './table.ts';
import { type TableSource, tableSource } from './table-source.ts';

/** After trouble it is tried again so soon, in milliseconds, if the interval is longer. */
const RETRY_MS = 30_000;

/** What a live table is told once. */
export interface LiveTableOptions {
  readonly config: TableConfig;
  readonly configDir: string;
  readonly logger: Logger;
  readonly telemetry: ComponentTelemetry;
  /** Called when the table was swapped. */
  readonly onSwapped: () => void;
  /** Called when the table comes into trouble, with why, or is good again. */
  readonly onTrouble: (problem: string | undefined) => void;
}

type Outcome = 'loaded' | 'unchanged' | 'failed';

/** See the head of this file. */
export class LiveTable {
  readonly #options: LiveTableOptions;
  readonly #source: TableSource;
  readonly #outcomes: Readonly<Record<Outcome, Counter>>;
  #stopping = new AbortController();
  #current: Table | undefined;
  #timer: NodeJS.Timeout | undefined;
  #loading: Promise<void> | undefined;
  /** What is wrong with the version that was read last. */
  #contentProblem: string | undefined;
  /** What was told last. */
  #problem: string | undefined;

  constructor(options: LiveTableOptions) {
    this.#options = options;
    this.#source = tableSource(options.config, options.configDir);
    const { telemetry, config } = options;
    const counter = (outcome: Outcome): Counter =>
      telemetry.counter(
        'otelcol_processor_enrich_table_loads',
        { description: 'Number of times a table was looked at, by what came of it.', unit: '{load}' },
        { table: config.name, outcome },
      );
    this.#outcomes = {
      loaded: counter('loaded'),
      unchanged: counter('unchanged'),
      failed: counter('failed'),
    };
    for (const state of ['used', 'broken', 'duplicate', 'surplus'] as const) {
      telemetry.gauge(
        'otelcol_processor_enrich_table_rows',
        { description: 'Number of rows of the table in use.', unit: '{row}' },
        () => this.#current?.counts[state] ?? 0,
        { table: config.name, state },
      );
    }
  }

  /** The table in use; undefined as long as none could be read. */
  get current(): Table | undefined {
    return this.#current;
  }

  /** Reads the table for the first time, and then at its interval. Settles when the first time is over, whatever came of it. */
  async start(): Promise<void> {
    this.#stopping = new AbortController();
    await this.#load();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#loading;
  }

  #load(): Promise<void> {
    this.#loading = this.#tryToLoad().finally(() => {
      if (this.#stopping.signal.aborted) return;
      const { intervalMs } = this.#source;
      const waitMs = this.#problem === undefined ? intervalMs : Math.min(intervalMs, RETRY_MS);
      this.#timer = setTimeout(() => void this.#load(), waitMs);
    });
    return this.#loading;
  }

  async #tryToLoad(): Promise<void> {
    let problem: string | undefined;
    try {
      const text = await this.#source.read(this.#stopping.signal);
      if (text === undefined) this.#outcomes.unchanged.add(1);
      else await this.#swap(text);
      problem = this.#contentProblem;
    } catch (error) {
      problem = errorText(error);
      this.#outcomes.failed.add(1);
    }
    if (!this.#stopping.signal.aborted) this.#setProblem(problem);
  }

  async #swap(text: string): Promise<void> {
    const { config } = this.#options;
    const { delimiter, rows } = config;
    this.#contentProblem = undefined;
    try {
      const columns = columnsOf(config);
      this.#current = await Table.build(
        readRows(text, { format: formatOf(config)!, delimiter, rows, columns }),
        config,
      );
    } catch (error) {
      this.#contentProblem = errorText(error);
      throw error;
    }
    this.#outcomes.loaded.add(1);
    this.#tell(this.#current);
    this.#options.onSwapped();
  }

  #tell({ counts, problems }: Table): void {
    const { logger, config } = this.#options;
    logger.info({ table: config.name, source: this.#source.where, ...counts }, 'a table is in use');
    for (const problem of problems) {
      logger.warn({ table: config.name, problem }, 'a row of a table cannot be used');
    }
    const untold = counts.broken - problems.length;
    if (untold > 0)
      logger.warn({ table: config.name, rows: untold }, 'more rows of the table cannot be used');
    if (counts.surplus > 0) {
      logger.warn(
        { table: config.name, rows: counts.surplus, max_rows: config.max_rows },
        'a table has too many rows',
      );
    }
  }

  #setProblem(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    const { config, logger, onTrouble } = this.#options;
    if (problem === undefined) {
      onTrouble(undefined);
      return;
    }
    logger.warn({ table: config.name, source: this.#source.where, problem }, 'a table cannot be used');
    const kept = this.#current === undefined ? 'there is none' : 'the last good one stays';
    onTrouble(`table ${config.name}: ${problem}; ${kept}`);
  }
}

/** The columns that the configuration of a table names. */
function columnsOf({ match, attributes }: TableConfig): string[] {
  const { labels, attributes: ofAttributes, ...columns } = match;
  const named = [columns, labels, ofAttributes, attributes].flatMap((map) => Object.values(map));
  return [...new Set(named.filter((name) => name !== undefined))];
}

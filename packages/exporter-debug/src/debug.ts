import {
  type Batch,
  type Component,
  type Consumer,
  type Counter,
  createExporter,
  type SendResult,
  type Settings,
} from '@tributary/core';
import type { DebugConfig } from './config.ts';
import { detailedLines } from './format/detailed.ts';
import { RecordLines } from './format/lines.ts';
import { type Output, openOutput } from './output.ts';
import { Sampler } from './sampler.ts';

/** Text is handed on in pieces of about this many characters, so that a large batch is never held as text at once. */
const PIECE_LENGTH = 64 * 1024;

/** Makes an exporter that prints each batch. A slow reader makes `consume` wait; one that is gone loses nothing but the print. */
export function createDebugExporter(settings: Settings, config: DebugConfig): Component & Consumer {
  const printer = new Printer(settings, config);
  return createExporter(settings, {
    start: () => printer.open(),
    send: (batch) => printer.print(batch),
    shutdown: () => printer.close(),
  });
}

class Printer {
  readonly #settings: Settings;
  readonly #config: DebugConfig;
  readonly #lines: (batch: Batch) => Iterable<string>;
  readonly #sampler: Sampler;
  readonly #notPrinted: Counter;
  #outputs: readonly Output[] = [];
  /** Settles when the batch before is printed, so that batches do not mix. */
  #before: Promise<void> | undefined;
  #hasFailed = false;

  constructor(settings: Settings, config: DebugConfig) {
    this.#settings = settings;
    this.#config = config;
    this.#sampler = new Sampler(config.sampling_initial, config.sampling_thereafter);
    const { verbosity } = config;
    const recordLines = verbosity === 'detailed' ? undefined : new RecordLines(verbosity);
    this.#lines = recordLines === undefined ? detailedLines : (batch) => recordLines.lines(batch);
    this.#notPrinted = settings.telemetry.counter('otelcol_exporter_debug_unprinted_batches', {
      description: 'Number of batches that sampling left out.',
      unit: '{batch}',
    });
  }

  open(): void {
    const { configDir, id, logger } = this.#settings;
    this.#outputs = this.#config.use_internal_logger
      ? [new LogOutput((line) => logger.info({}, line))]
      : this.#config.output_paths.map((path) => openOutput(path, configDir, `exporters::${id}`));
  }

  print(batch: Batch): SendResult | undefined | Promise<SendResult | undefined> {
    if (!this.#sampler.take(performance.now())) {
      this.#notPrinted.add(1);
      return;
    }
    if (this.#failure() !== undefined) return this.#result(batch);
    const pieces = inPieces(this.#lines(batch));
    const before = this.#before;
    const printed = before === undefined ? this.#write(pieces) : before.then(() => this.#write(pieces));
    if (printed === undefined) return this.#result(batch);
    const current = printed.finally(() => {
      if (this.#before === current) this.#before = undefined;
    });
    this.#before = current;
    return current.then(() => this.#result(batch));
  }

  async close(): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.close()));
  }

  /** Writes without waiting as long as nobody is slow. */
  #write(pieces: Iterator<string>): void | Promise<void> {
    for (let piece = pieces.next(); piece.done !== true; piece = pieces.next()) {
      const room = this.#writeToAll(piece.value);
      if (room !== undefined) return room.then(() => this.#write(pieces));
    }
  }

  #writeToAll(text: string): Promise<unknown> | undefined {
    const waits = this.#outputs.map((output) => output.write(text)).filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : Promise.all(waits);
  }

  /** What could not be printed counts as lost, but is not refused: others may have taken the data. */
  #result(batch: Batch): SendResult | undefined {
    const failure = this.#failure();
    if (failure === undefined) return undefined;
    if (!this.#hasFailed) {
      this.#hasFailed = true;
      this.#settings.reportStatus('permanent_error', failure);
    }
    return { rejectedItems: batch.itemCount, message: failure.message };
  }

  #failure(): Error | undefined {
    for (const { name, failure } of this.#outputs) {
      if (failure === undefined) continue;
      return new Error(
        `${this.#settings.id}: nothing can be printed to ${name} any more (${failure.message}).`,
      );
    }
    return undefined;
  }
}

/** Prints to Tributary's own log, a line each. */
class LogOutput implements Output {
  readonly name = 'log';
  readonly failure = undefined;
  readonly #info: (line: string) => void;

  constructor(info: (line: string) => void) {
    this.#info = info;
  }

  write(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#info(line);
  }

  async close(): Promise<void> {}
}

function* inPieces(lines: Iterable<string>): Generator<string> {
  let piece = '';
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/**
 * Where lines are printed. Streams to the terminal belong to the process and are shared by all debug exporters: they
 * are never closed here, and a reader that goes away (`| head`) must not end the process.
 */
import { createWriteStream, openSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { PipelineError } from '@tributary/core';

/** A place that lines are printed to. */
export interface Output {
  /** What it is called in messages. */
  readonly name: string;
  /** The error because of which nothing can be printed any more. */
  readonly failure: Error | undefined;
  /** Takes text; a promise where the reader is slow, which fulfils when there is room again or none will be. */
  write(text: string): void | Promise<void>;
  /** Releases what was opened. What waits is let go. */
  close(): Promise<void>;
}

/** Opens `stdout`, `stderr` or a file, which is appended to. Throws COMPONENT_START with the path. */
export function openOutput(path: string, configDir: string, where: string): Output {
  if (path === 'stdout' || path === 'stderr') return sharedOutput(path);
  const absolute = resolve(configDir, path);
  let fd: number;
  try {
    fd = openSync(absolute, 'a');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new PipelineError(
      'COMPONENT_START',
      `${where}::output_paths: cannot be opened ("${absolute}": ${code ?? message}). Name a file in a folder that exists and may be written to.`,
      { cause: error },
    );
  }
  return new StreamOutput(absolute, createWriteStream(absolute, { fd }), true);
}

/** An output on any stream; `isOwn` if closing the output ends the stream. */
export class StreamOutput implements Output {
  readonly name: string;
  failure: Error | undefined;
  readonly #stream: Writable;
  readonly #isOwn: boolean;
  readonly #waiting = new Set<() => void>();

  constructor(name: string, stream: Writable, isOwn: boolean) {
    this.name = name;
    this.#stream = stream;
    this.#isOwn = isOwn;
    stream.on('drain', () => this.#wake());
    stream.on('close', () => this.#wake());
    stream.on('error', (error) => {
      this.failure ??= error;
      this.#wake();
    });
  }

  write(text: string): void | Promise<void> {
    if (this.failure !== undefined || this.#stream.write(text)) return;
    return new Promise((wake) => this.#waiting.add(wake));
  }

  async close(): Promise<void> {
    this.#wake();
    if (!this.#isOwn || this.failure !== undefined) return;
    await new Promise<void>((closed) => {
      this.#stream.once('close', () => closed());
      this.#stream.end();
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

const shared = new Map<'stdout' | 'stderr', Output>();

/** One for the process: its listeners stay, because what was written last may fail after the exporter is gone. */
function sharedOutput(name: 'stdout' | 'stderr'): Output {
  const known = shared.get(name);
  if (known !== undefined) return known;
  const output = new StreamOutput(name, process[name], false);
  shared.set(name, output);
  return output;
}

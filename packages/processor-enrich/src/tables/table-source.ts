/** Where the text of a table comes from: a file or a server. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorText } from '@tributary/core';
import type { TableConfig } from './config.ts';
import { UnusableTable } from './row.ts';

/** Reads the table as it is now. */
export interface TableSource {
  /** What it is called in messages; without secrets. */
  readonly where: string;
  readonly intervalMs: number;
  /**
   * The text of the table; undefined if it is what was read last.
   *
   * @throws UnusableTable if it cannot be read
   */
  read(stop: AbortSignal): Promise<string | undefined>;
}

/** The source that the configuration of a table names. */
export function tableSource(config: TableConfig, configDir: string): TableSource {
  const { file, http, max_size_bytes: maxBytes } = config;
  if (file !== undefined) return new FileSource(path.resolve(configDir, file.path), file.interval, maxBytes);
  if (http !== undefined) return new HttpSource(http, maxBytes);
  throw new TypeError(`table ${config.name}: it has no source: its settings were not validated.`);
}

/** A file; asked for its time and size, which is right on any file system and for links that are swapped. */
class FileSource implements TableSource {
  readonly where: string;
  readonly intervalMs: number;
  readonly #maxBytes: number;
  /** What tells the version that was read last from others. */
  #version = '';

  constructor(where: string, intervalMs: number, maxBytes: number) {
    this.where = where;
    this.intervalMs = intervalMs;
    this.#maxBytes = maxBytes;
  }

  async read(): Promise<string | undefined> {
    try {
      const { mtimeMs, size, ino } = await stat(this.where);
      const version = `${ino} ${mtimeMs} ${size}`;
      if (version === this.#version) return undefined;
      if (size > this.#maxBytes) throw tooLarge(this.#maxBytes);
      const text = decode(await readFile(this.where));
      this.#version = version;
      return text;
    } catch (error) {
      throw error instanceof UnusableTable
        ? error
        : new UnusableTable(`it cannot be read (${errorText(error)})`);
    }
  }
}

/** A server. What it said of the version that was read is said back to it, so that it need not send it again. */
class HttpSource implements TableSource {
  readonly where: string;
  readonly intervalMs: number;
  readonly #config: NonNullable<TableConfig['http']>;
  readonly #maxBytes: number;
  /** The headers by which the server is asked whether it has another version than that which was read last. */
  #conditions: Readonly<Record<string, string>> = {};

  constructor(config: NonNullable<TableConfig['http']>, maxBytes: number) {
    const { origin, pathname } = new URL(config.endpoint);
    this.where = `${origin}${pathname}`;
    this.intervalMs = config.interval;
    this.#config = config;
    this.#maxBytes = maxBytes;
  }

  async read(stop: AbortSignal): Promise<string | undefined> {
    const { endpoint, timeout, headers } = this.#config;
    try {
      const response = await fetch(endpoint, {
        headers: { ...headers, ...this.#conditions },
        signal: AbortSignal.any([stop, AbortSignal.timeout(timeout)]),
      });
      if (response.status === 304) {
        await response.body?.cancel();
        return undefined;
      }
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new UnusableTable(`the server answered ${response.status}`);
      }
      const text = decode(await this.#body(response));
      this.#conditions = conditions(response.headers);
      return text;
    } catch (error) {
      throw error instanceof UnusableTable
        ? error
        : new UnusableTable(`it cannot be fetched (${fetchErrorText(error)})`);
    }
  }

  async #body(response: Response): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of response.body ?? []) {
      size += piece.length;
      if (size > this.#maxBytes) throw tooLarge(this.#maxBytes);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }
}

/** The headers by which the server is asked whether it has another version. */
function conditions(headers: Headers): Readonly<Record<string, string>> {
  const [etag, modified] = [headers.get('etag'), headers.get('last-modified')];
  if (etag !== null) return { 'if-none-match': etag };
  return modified === null ? {} : { 'if-modified-since': modified };
}

/** What went wrong on the way; fetch hides it in the cause. Never the URL, which can hold secrets. */
function fetchErrorText(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? errorText(error) : errorText(cause);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UnusableTable('it is not UTF-8');
  }
}

function tooLarge(maxBytes: number): UnusableTable {
  return new UnusableTable(`it is larger than max_size_bytes (${maxBytes})`);
}

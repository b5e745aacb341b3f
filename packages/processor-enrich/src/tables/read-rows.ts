/** Reads the rows of a table from its text: CSV with a line of names, or a list of objects in JSON or YAML. */
import { Readable } from 'node:stream';
import { errorText, nearest } from '@tributary/core';
import { parse as csvParser } from 'csv-parse';
import { isMap, isNode, isSeq, LineCounter, parseDocument } from 'yaml';
import { jsonLines } from './json-lines.ts';
import { type Row, UnusableTable } from './row.ts';

/** What is needed to read a table. */
export interface ReadOptions {
  readonly format: 'csv' | 'json' | 'yaml';
  readonly delimiter: string;
  /** Where in JSON and YAML the list is. */
  readonly rows: string | undefined;
  /** The columns that are asked for. */
  readonly columns: readonly string[];
}

/** YAML is read in one go, at some megabyte a second, and nothing else goes on meanwhile. */
const MAX_YAML_CHARACTERS = 2 * 1024 * 1024;

/** Aliases of YAML count so often at most: a few lines of them can stand for a billion values. */
const MAX_ALIASES = 10_000;

/** A record of CSV that is larger is none. */
const MAX_RECORD_CHARACTERS = 1024 * 1024;

/** CSV is given to its parser in pieces, between which other work is done. */
const PIECE_CHARACTERS = 256 * 1024;

/**
 * Gives every row.
 *
 * @throws UnusableTable if the text is not what it should be, or lacks a column
 */
export function readRows(text: string, options: ReadOptions): AsyncIterable<Row> {
  return options.format === 'csv' ? csvRows(text, options) : listRows(text, options);
}

async function* csvRows(text: string, { delimiter, columns }: ReadOptions): AsyncIterable<Row> {
  const skipped: Row[] = [];
  const parser = csvParser({
    bom: true,
    delimiter,
    info: true,
    max_record_size: MAX_RECORD_CHARACTERS,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    trim: true,
  });
  let lastSkipped: string | undefined;
  parser.on('skip', (error) => {
    const where = `line ${error?.lines ?? '?'}`;
    // A record with two faults is told twice.
    if (where === lastSkipped) return;
    lastSkipped = where;
    skipped.push({ where, problem: error?.message ?? 'it is no CSV', cell: noCell });
  });
  let header: readonly string[] | undefined;
  let places: ReadonlyMap<string, number> = new Map();
  try {
    for await (const { record, info } of Readable.from(pieces(text)).pipe(
      parser,
    ) as AsyncIterable<CsvRecord>) {
      yield* skipped.splice(0);
      if (header === undefined) {
        header = record;
        places = placesOf(record, columns);
      } else {
        yield csvRow(record, info.lines, header.length, places);
      }
    }
  } catch (error) {
    if (error instanceof UnusableTable || !(error instanceof Error)) throw error;
    throw new UnusableTable(`it is no CSV (${error.message})`);
  }
  yield* skipped;
  if (header === undefined) throw new UnusableTable('it is empty. Its first line must name the columns');
}

interface CsvRecord {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

function csvRow(
  record: readonly string[],
  line: number,
  width: number,
  places: ReadonlyMap<string, number>,
): Row {
  const cell = (column: string): unknown => record[places.get(column)!];
  const where = `line ${line}`;
  if (record.length === width) return { where, cell };
  return { where, problem: `it has ${record.length} columns, the first line ${width}`, cell };
}

/** Where each column stands that is asked for. */
function placesOf(header: readonly string[], columns: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const column of columns) {
    const place = header.indexOf(column);
    if (place < 0) {
      const near = nearest(column, header);
      throw new UnusableTable(
        `it has no column "${column}"${near === undefined ? '' : `, but "${near}"`}. Name the columns as its first line does`,
      );
    }
    places.set(column, place);
  }
  return places;
}

function* pieces(text: string): Iterable<string> {
  for (let at = 0; at < text.length; at += PIECE_CHARACTERS) yield text.slice(at, at + PIECE_CHARACTERS);
}

async function* listRows(text: string, { format, rows: path }: ReadOptions): AsyncIterable<Row> {
  const document = format === 'json' ? jsonDocument(text, path) : yamlDocument(text, path);
  const list = path === undefined ? document.value : at(document.value, path);
  if (!Array.isArray(list)) {
    const where = path === undefined ? 'it' : `"${path}"`;
    throw new UnusableTable(`${where} is no list. Set rows to where the list is`);
  }
  let lines: readonly number[] | undefined;
  for (const [index, row] of list.entries()) {
    const isObject = typeof row === 'object' && row !== null && !Array.isArray(row);
    yield {
      get where(): string {
        lines ??= document.lines();
        return lines[index] === undefined ? `row ${index + 1}` : `line ${lines[index]}`;
      },
      ...(isObject ? {} : { problem: 'it is no object' }),
      cell: isObject ? (column) => at(row, column) : noCell,
    };
  }
}

/** A text that was read as a whole. */
interface Document {
  readonly value: unknown;
  /** The lines in which the elements of the list at `path` begin. */
  readonly lines: () => readonly number[];
}

function jsonDocument(text: string, path: string | undefined): Document {
  try {
    return { value: JSON.parse(text), lines: () => jsonLines(text, path) };
  } catch (error) {
    throw new UnusableTable(`it is no JSON (${errorText(error).split('\n')[0]})`);
  }
}

function yamlDocument(text: string, path: string | undefined): Document {
  if (text.length > MAX_YAML_CHARACTERS) {
    throw new UnusableTable(
      `it has ${text.length} characters, more than YAML may have (${MAX_YAML_CHARACTERS}). Write it as CSV or JSON`,
    );
  }
  try {
    const lineCounter = new LineCounter();
    const document = parseDocument(text, { lineCounter, logLevel: 'silent' });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return {
      value: document.toJS({ maxAliasCount: MAX_ALIASES }),
      lines: () => yamlLines(document.contents, lineCounter, path),
    };
  } catch (error) {
    throw new UnusableTable(`it is no YAML (${errorText(error).split('\n')[0]})`);
  }
}

/** The value under a key, or under keys with dots between them. */
function at(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path];
  const dot = path.indexOf('.');
  if (dot < 0) return undefined;
  return at(at(value, path.slice(0, dot)), path.slice(dot + 1));
}

function yamlLines(contents: unknown, lineCounter: LineCounter, path: string | undefined): readonly number[] {
  let node = contents;
  for (const key of path?.split('.') ?? []) node = isMap(node) ? node.get(key, true) : undefined;
  if (!isSeq(node)) return [];
  return node.items.map(
    (item) => lineCounter.linePos((isNode(item) ? item.range?.[0] : undefined) ?? 0).line,
  );
}

const noCell = (): undefined => undefined;

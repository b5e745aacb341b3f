/**
 * What all isolates of the process (the main thread and its workers) use of memory. Each can see only its own heap, so each keeps a
 * row of a table in shared memory, and whoever decides adds the rows up. Only its own isolate writes a row, the main thread only
 * that of a worker that is gone.
 *
 *     row:  heap used (8, double)   heap total (8)   buffers (8)   reserved for bodies to come (8)
 */

/** How often an isolate writes its row, whether or not it works, in milliseconds. */
const UPDATE_INTERVAL_MS = 500;

const FIELDS = 4;
const HEAP_USED = 0;
const HEAP_TOTAL = 1;
const BUFFERS = 2;
const RESERVED = 3;

/** The memory of the process, in bytes. */
export interface ProcessMemory {
  readonly rssBytes: number;
  /** Of all isolates. */
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly bufferBytes: number;
}

let table: Float64Array | undefined;
let ownRow = 0;

/** Makes a table for so many isolates, the main thread included. */
export function createIsolateTable(isolates: number): SharedArrayBuffer {
  return new SharedArrayBuffer(isolates * FIELDS * Float64Array.BYTES_PER_ELEMENT);
}

/** Has this isolate keep a row of the table from now on. Returns the function that ends it. */
export function joinIsolateTable(shared: SharedArrayBuffer, row: number): () => void {
  table = new Float64Array(shared);
  ownRow = row;
  processMemory();
  const timer = setInterval(processMemory, UPDATE_INTERVAL_MS).unref();
  return () => {
    clearInterval(timer);
    clearIsolateRow(row);
    table = undefined;
    ownRow = 0;
  };
}

/** Forgets what an isolate had that is gone. */
export function clearIsolateRow(row: number): void {
  table?.fill(0, row * FIELDS, (row + 1) * FIELDS);
}

/** Measures the process. Takes about 25 µs. */
export function processMemory(): ProcessMemory {
  const { rss, heapUsed, heapTotal, arrayBuffers } = process.memoryUsage();
  if (table === undefined) {
    return { rssBytes: rss, heapUsedBytes: heapUsed, heapTotalBytes: heapTotal, bufferBytes: arrayBuffers };
  }
  const own = ownRow * FIELDS;
  table[own + HEAP_USED] = heapUsed;
  table[own + HEAP_TOTAL] = heapTotal;
  table[own + BUFFERS] = arrayBuffers;
  return {
    rssBytes: rss,
    heapUsedBytes: sum(table, HEAP_USED),
    heapTotalBytes: sum(table, HEAP_TOTAL),
    bufferBytes: sum(table, BUFFERS),
  };
}

/** Writes what this isolate has granted to bodies that are still to come; returns what all isolates have, in bytes. */
export function shareReservedBytes(bytes: number): number {
  if (table === undefined) return bytes;
  table[ownRow * FIELDS + RESERVED] = bytes;
  return sum(table, RESERVED);
}

/** The live heap of the isolate that has the largest, where `own` is that of this one, in bytes. */
export function largestHeapBytes(own: number): number {
  if (table === undefined) return own;
  let largest = own;
  for (let at = HEAP_USED; at < table.length; at += FIELDS) largest = Math.max(largest, table[at]!);
  return largest;
}

function sum(rows: Float64Array, field: number): number {
  let total = 0;
  for (let at = field; at < rows.length; at += FIELDS) total += rows[at]!;
  return total;
}

/**
 * What all isolates of the process (the main thread and its workers) use of memory. Each can see only its own heap, so each keeps a
 * row of a table in shared memory, and whoever decides adds the rows up. Only its own isolate writes a row, the main thread only
 * that of a worker that is gone.
 *
 *     row:  heap used (8, double)   heap total (8)   buffers (8)   reserved for bodies to come (8)
 *
 * Behind the rows stands what the process took when it had no data yet: the main thread writes its part when it joins, the first
 * worker once what a worker adds. A worker that replaces another later could not tell that from what is resident by then.
 *
 *     idle:  base of the main thread (8, double)   its heap and buffers (8)   base that a worker adds (8)   its heap and buffers (8)
 */

/** How often an isolate writes its row, whether or not it works, in milliseconds. */
const UPDATE_INTERVAL_MS = 500;

const FIELDS = 4;
const HEAP_USED = 0;
const HEAP_TOTAL = 1;
const BUFFERS = 2;
const RESERVED = 3;

const IDLE_FIELDS = 4;
const MAIN_BASE = 0;
const MAIN_USED = 1;
const WORKER_BASE = 2;
const WORKER_USED = 3;

/** The memory of the process, in bytes. */
export interface ProcessMemory {
  readonly rssBytes: number;
  /** Of all isolates. */
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly bufferBytes: number;
}

/** What the process takes of memory while it has no data, in bytes. */
export interface IdleMemory {
  /** What is neither heap nor buffer: code, libraries, stacks. */
  readonly baseBytes: number;
  /** That, the heaps and the buffers. */
  readonly totalBytes: number;
}

/** What this isolate has of buffers that isolates made which are gone. */
let adoptedBytes = 0;
let table: Float64Array | undefined;
let ownRow = 0;
/** What stands behind the rows. */
let idle: Float64Array | undefined;
/** What this isolate measured when it was asked for the first time, alone. */
let aloneIdle: IdleMemory | undefined;

/** Makes a table for so many isolates, the main thread included. */
export function createIsolateTable(isolates: number): SharedArrayBuffer {
  return new SharedArrayBuffer((isolates * FIELDS + IDLE_FIELDS) * Float64Array.BYTES_PER_ELEMENT);
}

/** Has this isolate keep a row of the table from now on. Returns the function that ends it. */
export function joinIsolateTable(shared: SharedArrayBuffer, row: number): () => void {
  const alone = idleMemory();
  const fields = new Float64Array(shared);
  table = fields.subarray(0, -IDLE_FIELDS);
  idle = fields.subarray(-IDLE_FIELDS);
  ownRow = row;
  processMemory();
  if (row === 0) {
    idle[MAIN_BASE] = alone.baseBytes;
    idle[MAIN_USED] = alone.totalBytes - alone.baseBytes;
  } else if (idle[WORKER_USED] === 0) {
    const { baseBytes } = measureIdle();
    idle[WORKER_BASE] = Math.max(0, baseBytes - idle[MAIN_BASE]!);
    idle[WORKER_USED] = table[row * FIELDS + HEAP_USED]! + table[row * FIELDS + BUFFERS]!;
  }
  const timer = setInterval(processMemory, UPDATE_INTERVAL_MS).unref();
  return () => {
    clearInterval(timer);
    clearIsolateRow(row);
    table = undefined;
    idle = undefined;
    ownRow = 0;
  };
}

/** Forgets what an isolate had that is gone. */
export function clearIsolateRow(row: number): void {
  table?.fill(0, row * FIELDS, (row + 1) * FIELDS);
}

/**
 * Counts so many bytes more, or fewer, as this isolate's. A buffer that moves to another thread stays in the row of the isolate that
 * made it; when that is gone, so is its row.
 */
export function adoptBuffers(bytes: number): void {
  adoptedBytes += bytes;
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
  table[own + BUFFERS] = arrayBuffers + adoptedBytes;
  return {
    rssBytes: rss,
    heapUsedBytes: sum(table, HEAP_USED),
    heapTotalBytes: sum(table, HEAP_TOTAL),
    bufferBytes: sum(table, BUFFERS),
  };
}

/**
 * What the process takes while it has no data, with all its workers: measured when it had begun, however much later somebody
 * asks. Without workers, that is when this is called for the first time.
 */
export function idleMemory(): IdleMemory {
  if (table === undefined || idle === undefined) {
    aloneIdle ??= measureIdle();
    return aloneIdle;
  }
  const workers = table.length / FIELDS - 1;
  const baseBytes = idle[MAIN_BASE]! + workers * idle[WORKER_BASE]!;
  return { baseBytes, totalBytes: baseBytes + idle[MAIN_USED]! + workers * idle[WORKER_USED]! };
}

function measureIdle(): IdleMemory {
  const { rssBytes, heapUsedBytes, heapTotalBytes, bufferBytes } = processMemory();
  const baseBytes = Math.max(0, rssBytes - heapTotalBytes - bufferBytes);
  return { baseBytes, totalBytes: baseBytes + heapUsedBytes + bufferBytes };
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

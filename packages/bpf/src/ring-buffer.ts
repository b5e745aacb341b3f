/**
 * Reads a BPF ring buffer in place: the kernel's own pages, mapped into an ArrayBuffer.
 *
 *     page 0                consumer position, u64: ours to write, the kernel reads it to see what room there is
 *     page 1                producer position, u64: the kernel's
 *     pages 2 …             the data, mapped twice in a row, so that a record that crosses the end lies in one piece
 *
 *     record   0  u32: bit 31 busy (being written), bit 30 discarded, 0-29 length of the payload
 *              4  u32: of no use to us
 *              8  payload; the next record begins at a multiple of eight
 *
 * Positions count bytes since the beginning and never wrap. The kernel publishes a record by clearing its busy bit,
 * after the payload is written; reading the header by Atomics keeps the payload's reads behind it.
 * Specification: https://docs.kernel.org/bpf/ringbuf.html
 */
import { PipelineError } from '@tributary/core';
import type { BpfMap } from './bpf-map.ts';
import { errnoText } from './errno.ts';
import { type Native, native, type Pointer } from './native.ts';

const HEADER_BYTES = 8;
const BUSY = 0x80000000;
const DISCARDED = 0x40000000;
const LENGTH_MASK = 0x3fffffff;

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffffffffffffffffn;
const SC_PAGESIZE = 30;

/** Gets a record's payload: `length` bytes at `offset` of `view`. They are the kernel's again when it returns. */
export type RecordHandler = (view: DataView, offset: number, length: number) => void;

/** The reader of one ring buffer. There must be no other. */
export class RingBuffer {
  readonly #sizeBytes: number;
  readonly #native: Native;
  readonly #mappings: { readonly address: Pointer; readonly length: number }[] = [];
  #consumer: BigUint64Array;
  #producer: BigUint64Array;
  #headers: Int32Array;
  #data: DataView;

  /** Maps the ring buffer `map`; its `maxEntries` are its bytes. */
  constructor(map: BpfMap) {
    this.#native = native();
    const pageBytes = this.#native.libc.sysconf(SC_PAGESIZE);
    this.#sizeBytes = map.maxEntries;
    try {
      const consumer = this.#map(map, pageBytes, PROT_READ | PROT_WRITE, 0);
      const producer = this.#map(map, pageBytes + 2 * this.#sizeBytes, PROT_READ, pageBytes);
      this.#consumer = new BigUint64Array(consumer, 0, 1);
      this.#producer = new BigUint64Array(producer, 0, 1);
      this.#headers = new Int32Array(producer, pageBytes);
      this.#data = new DataView(producer, pageBytes);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The bytes that the kernel has written, or is writing, since the beginning. */
  get writtenBytes(): number {
    return Number(Atomics.load(this.#producer, 0));
  }

  /** Those of them that we have read. */
  get readBytes(): number {
    return Number(Atomics.load(this.#consumer, 0));
  }

  /** The bytes that the kernel has written and we have not read. */
  get pendingBytes(): number {
    return this.writtenBytes - this.readBytes;
  }

  /** The share of the buffer, 0 to 1, that they take. */
  get fullness(): number {
    return this.pendingBytes / this.#sizeBytes;
  }

  /**
   * Hands every published record, up to `limit`, to `handle` and gives its room back to the kernel; returns how many.
   * Stops at a record that is still being written. When `handle` throws, its record counts as read.
   */
  drain(handle: RecordHandler, limit = Number.POSITIVE_INFINITY): number {
    if (this.#mappings.length === 0) return 0;
    const begin = Atomics.load(this.#consumer, 0);
    const available = Number(Atomics.load(this.#producer, 0) - begin);
    const start = Number(begin % BigInt(this.#sizeBytes));
    let read = 0;
    let records = 0;
    try {
      while (read < available && records < limit) {
        const at = (start + read) % this.#sizeBytes;
        const header = Atomics.load(this.#headers, at >>> 2);
        if ((header & BUSY) !== 0) break;
        const length = header & LENGTH_MASK;
        read += (HEADER_BYTES + length + 7) & ~7;
        if ((header & DISCARDED) !== 0) continue;
        records += 1;
        handle(this.#data, at + HEADER_BYTES, length);
      }
    } finally {
      Atomics.store(this.#consumer, 0, begin + BigInt(read));
    }
    return records;
  }

  /** Unmaps the memory. Afterwards nothing is read any more. */
  close(): void {
    // The views must go before the memory: reading through one afterwards would be a segmentation fault.
    this.#consumer = new BigUint64Array(1);
    this.#producer = new BigUint64Array(1);
    this.#headers = new Int32Array(0);
    this.#data = new DataView(new ArrayBuffer(0));
    for (const { address, length } of this.#mappings.splice(0)) this.#native.libc.munmap(address, length);
  }

  #map(map: BpfMap, length: number, protection: number, offset: number): ArrayBuffer {
    const { libc, errno, view } = this.#native;
    const address = BigInt(libc.mmap(null, length, protection, MAP_SHARED, map.fd, offset));
    if (address === MAP_FAILED) {
      throw new PipelineError(
        'BPF_UNAVAILABLE',
        `bpf: ring buffer "${map.name}" cannot be mapped (${errnoText(errno())}). ` +
          'Give this process more memory, or make the ring buffer smaller (ring_buffer_bytes).',
      );
    }
    this.#mappings.push({ address, length });
    return view(address, length);
  }
}

import { PipelineError } from '@tributary/core';
import { ERRNO, errnoText } from './errno.ts';
import { native, type Pointer } from './native.ts';

/** Map types with a value for each CPU (`enum bpf_map_type`): PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH. */
const PER_CPU_TYPES: ReadonlySet<number> = new Set([5, 6, 10]);

/**
 * A map of a loaded object. Keys and values are bytes, in the machine's byte order, as the C structs have them; a value
 * of a per-CPU map has one of them for each possible CPU, each begun at a multiple of eight bytes.
 */
export class BpfMap {
  readonly name: string;
  /** `enum bpf_map_type`. */
  readonly type: number;
  readonly keySize: number;
  /** Of one CPU's value, where there are several. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** The descriptor; the object's `close` closes it. */
  readonly fd: number;
  /** How many values an entry has: 1, or the number of possible CPUs. */
  readonly valuesPerEntry: number;
  /** The distance from one CPU's value to the next, in bytes. */
  readonly valueStride: number;

  constructor(map: Pointer) {
    const { libbpf } = native();
    this.name = libbpf.mapName(map);
    this.type = libbpf.mapType(map);
    this.keySize = libbpf.mapKeySize(map);
    this.valueSize = libbpf.mapValueSize(map);
    this.maxEntries = libbpf.mapMaxEntries(map);
    this.fd = libbpf.mapFd(map);
    const isPerCpu = PER_CPU_TYPES.has(this.type);
    this.valuesPerEntry = isPerCpu ? libbpf.numPossibleCpus() : 1;
    this.valueStride = isPerCpu ? Math.ceil(this.valueSize / 8) * 8 : this.valueSize;
  }

  /** The bytes that one entry's value takes, for all CPUs. */
  get entryBytes(): number {
    return this.valueStride * this.valuesPerEntry;
  }

  /** Reads the value of `key`; undefined if there is no such entry. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.entryBytes);
    return this.lookupInto(key, value) ? value : undefined;
  }

  /** Reads the value of `key` into `value` (`entryBytes` long); false if there is no such entry. */
  lookupInto(key: Uint8Array, value: Uint8Array): boolean {
    this.#checkSize('key', key, this.keySize);
    this.#checkSize('value', value, this.entryBytes);
    const result = native().libbpf.lookupElem(this.fd, key, value);
    if (result === 0) return true;
    if (-result === ERRNO.ENOENT) return false;
    throw this.#failed('read', result);
  }

  /** Writes an entry, whether or not there was one. */
  update(key: Uint8Array, value: Uint8Array): void {
    this.#checkSize('key', key, this.keySize);
    this.#checkSize('value', value, this.entryBytes);
    const result = native().libbpf.updateElem(this.fd, key, value, 0);
    if (result !== 0) throw this.#failed('written', result);
  }

  /** Removes an entry; false if there was none. */
  delete(key: Uint8Array): boolean {
    this.#checkSize('key', key, this.keySize);
    const result = native().libbpf.deleteElem(this.fd, key);
    if (result === 0) return true;
    if (-result === ERRNO.ENOENT) return false;
    throw this.#failed('removed', result);
  }

  /**
   * Reads all entries of a hash or an array with few system calls (kernel 5.6): `visit` gets the bytes of keys and
   * values, entry after entry, and how many there are; they are its own until it returns. With `remove`, the entries
   * read are gone. Entries that come or go meanwhile may or may not be among them, or be there twice.
   */
  readAll(
    visit: (keys: Uint8Array, values: Uint8Array, count: number) => void,
    options: { readonly remove?: boolean; readonly batchEntries?: number } = {},
  ): void {
    const { libbpf } = native();
    const call = options.remove === true ? libbpf.lookupAndDeleteBatch : libbpf.lookupBatch;
    // A hash's bucket is given whole or not at all: ENOSPC asks for more room than a single crowded bucket needs.
    let room = Math.min(options.batchEntries ?? 1024, this.maxEntries);
    let keys = new Uint8Array(room * this.keySize);
    let values = new Uint8Array(room * this.entryBytes);
    const cursor = new Uint8Array(Math.max(this.keySize, 4));
    const count = new Uint32Array(1);
    const countBytes = new Uint8Array(count.buffer);
    for (let isFirst = true, isLast = false; !isLast; ) {
      count[0] = room;
      const result = call(this.fd, isFirst ? null : cursor, cursor, keys, values, countBytes, null);
      if (-result === ERRNO.ENOSPC && room < this.maxEntries) {
        room = Math.min(room * 2, this.maxEntries);
        keys = new Uint8Array(room * this.keySize);
        values = new Uint8Array(room * this.entryBytes);
        continue;
      }
      isLast = -result === ERRNO.ENOENT;
      if (result !== 0 && !isLast) throw this.#failed('read', result);
      isFirst = false;
      if (count[0] > 0) visit(keys, values, count[0]);
    }
  }

  #checkSize(what: string, bytes: Uint8Array, size: number): void {
    if (bytes.length === size) return;
    throw new PipelineError(
      'BPF_LOAD',
      `bpf: map "${this.name}": the ${what} has ${bytes.length} bytes, the map's have ${size}. ` +
        'Build the object with `npm run bpf`.',
    );
  }

  #failed(what: string, result: number): PipelineError {
    return new PipelineError(
      'BPF_UNAVAILABLE',
      `bpf: map "${this.name}" cannot be ${what} (${errnoText(result)}). Report it, with the version of the kernel.`,
    );
  }
}

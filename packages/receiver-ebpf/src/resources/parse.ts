/**
 * Reads the files of cgroups, from their bytes, without making strings.
 *
 *     cpu.stat, memory.stat, memory.events …   usage_usec 1234\n user_usec 1000\n …
 *     cpu.pressure                              some avg10=0.00 avg60=0.00 avg300=0.00 total=1234\n full …
 *     io.stat                                   254:0 rbytes=0 wbytes=4096 rios=0 wios=1 dbytes=0 dios=0\n …
 *     blkio.throttle.*                          254:0 Read 0\n254:0 Write 4096\n … Total 4096\n
 *     memory.current, memory.max, cpuacct.usage 1234\n, or max\n
 *
 * Specification: https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/. Numbers are doubles, exact up to 2 ** 53;
 * what is not there is NaN.
 */

const LINE_END = 0x0a;
const SPACE = 0x20;
const EQUALS = 0x3d;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_M = 0x6d;

/** The number whose digits begin at `at`; `max` is infinite, anything else NaN. */
export function numberAt(bytes: Buffer, at: number, length: number): number {
  let value = 0;
  let index = at;
  for (; index < length; index += 1) {
    const byte = bytes[index] as number;
    if (byte < ZERO || byte > NINE) break;
    value = value * 10 + (byte - ZERO);
  }
  if (index > at) return value;
  return bytes[at] === LETTER_M && at < length ? Number.POSITIVE_INFINITY : Number.NaN;
}

/** Finds some of the keys of a file of lines `key value`. */
export class KeyedFile {
  readonly #keys: readonly Buffer[];
  /** The numbers of the last file that was read, in the order of the keys. */
  readonly values: Float64Array;

  constructor(keys: readonly string[]) {
    this.#keys = keys.map((key) => Buffer.from(`${key} `));
    this.values = new Float64Array(keys.length);
  }

  /** Reads the first `length` bytes into `values`. */
  read(bytes: Buffer, length: number): Float64Array {
    this.values.fill(Number.NaN);
    for (let line = 0; line < length; line = lineAfter(bytes, line, length)) {
      const key = this.#keyAt(bytes, line, length);
      if (key >= 0) this.values[key] = numberAt(bytes, line + (this.#keys[key] as Buffer).length, length);
    }
    return this.values;
  }

  #keyAt(bytes: Buffer, line: number, length: number): number {
    for (let index = 0; index < this.#keys.length; index += 1) {
      if (startsWith(bytes, line, length, this.#keys[index] as Buffer)) return index;
    }
    return -1;
  }
}

const SOME = Buffer.from('some ');
const TOTAL = Buffer.from('total=');

/** The microseconds in which some task was held up, of a pressure file. */
export function pressureTotal(bytes: Buffer, length: number): number {
  if (!startsWith(bytes, 0, length, SOME)) return Number.NaN;
  const end = lineAfter(bytes, 0, length);
  for (let at = 0; at < end; at += 1) {
    if (startsWith(bytes, at, end, TOTAL)) return numberAt(bytes, at + TOTAL.length, end);
  }
  return Number.NaN;
}

/** What a container did with a disk. */
export const DISK = { readBytes: 0, writtenBytes: 1, reads: 2, writes: 3 } as const;
export const DISK_FIELDS = 4;

const IO_STAT_KEYS: readonly (readonly [Buffer, number])[] = [
  [Buffer.from('rbytes'), DISK.readBytes],
  [Buffer.from('wbytes'), DISK.writtenBytes],
  [Buffer.from('rios'), DISK.reads],
  [Buffer.from('wios'), DISK.writes],
];

/** Gives a device, as `major:minor`, a number; `field` is one of DISK. */
export type DiskVisitor = (device: string, field: number, value: number) => void;

/** Reads an io.stat. */
export function readIoStat(bytes: Buffer, length: number, visit: DiskVisitor): void {
  for (let line = 0; line < length; line = lineAfter(bytes, line, length)) {
    const end = lineAfter(bytes, line, length);
    const first = indexOf(bytes, SPACE, line, end);
    const device = deviceAt(bytes, line, first);
    if (device === undefined) continue;
    for (let at = first + 1; at < end; at = indexOf(bytes, SPACE, at, end) + 1) {
      const equals = indexOf(bytes, EQUALS, at, end);
      for (const [key, field] of IO_STAT_KEYS) {
        if (equals - at === key.length && startsWith(bytes, at, end, key)) {
          visit(device, field, numberAt(bytes, equals + 1, end));
        }
      }
    }
  }
}

const READ = Buffer.from('Read ');
const WRITE = Buffer.from('Write ');

/** Reads a blkio file of version 1, which has either bytes or operations. */
export function readBlkio(
  bytes: Buffer,
  length: number,
  fields: { readonly read: number; readonly write: number },
  visit: DiskVisitor,
): void {
  for (let line = 0; line < length; line = lineAfter(bytes, line, length)) {
    const end = lineAfter(bytes, line, length);
    const first = indexOf(bytes, SPACE, line, end);
    const device = deviceAt(bytes, line, first);
    if (device === undefined) continue;
    const at = first + 1;
    if (startsWith(bytes, at, end, READ)) visit(device, fields.read, numberAt(bytes, at + READ.length, end));
    else if (startsWith(bytes, at, end, WRITE))
      visit(device, fields.write, numberAt(bytes, at + WRITE.length, end));
  }
}

function deviceAt(bytes: Buffer, from: number, to: number): string | undefined {
  const device = bytes.toString('latin1', from, to);
  return /^[0-9]+:[0-9]+$/.test(device) ? device : undefined;
}

function lineAfter(bytes: Buffer, from: number, length: number): number {
  return indexOf(bytes, LINE_END, from, length) + 1;
}

/** The first `byte` in the range; its end if there is none. */
function indexOf(bytes: Buffer, byte: number, from: number, to: number): number {
  let index = from;
  while (index < to && bytes[index] !== byte) index += 1;
  return index;
}

function startsWith(bytes: Buffer, at: number, end: number, word: Buffer): boolean {
  if (at + word.length > end) return false;
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[at + index] !== word[index]) return false;
  }
  return true;
}

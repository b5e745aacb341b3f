/**
 * The codes of zstd's literals: how many bits each byte takes, and which.
 *
 * RFC 8878 section 4.2.1. A description of the tree is
 *
 *     header, 1 byte   h < 128: h bytes follow, weights compressed by FSE (section 4.1)
 *                      h >= 128: h - 127 weights of 4 bits follow, the first of a pair in the high bits
 *
 * The last weight is not written: it makes the sum of 2^(weight - 1) a power of two. A byte of weight w > 0 takes
 * max + 1 - w bits.
 */

/** The code of each byte: 0 bits where it has none. */
export interface HuffmanCodes {
  readonly bits: Uint8Array;
  readonly codes: Uint16Array;
  /** How long the description of the tree was, in bytes. */
  readonly described: number;
}

const MAX_BITS = 11;
const MAX_WEIGHTS = 255;
const MAX_FSE_LOG = 6;

/** Reads the tree that is described from `at` on; undefined where that is none. */
export function readHuffmanCodes(bytes: Uint8Array, at: number): HuffmanCodes | undefined {
  const header = bytes[at];
  if (header === undefined) return undefined;
  const length = header < 128 ? header : (header - 126) >> 1;
  if (at + 1 + length > bytes.length) return undefined;
  const weights =
    header < 128
      ? readFseWeights(bytes, at + 1, at + 1 + length)
      : Array.from({ length: header - 127 }, (_, index) => {
          const pair = bytes[at + 1 + (index >> 1)]!;
          return index % 2 === 0 ? pair >> 4 : pair & 15;
        });
  return weights === undefined ? undefined : assignCodes(weights, 1 + length);
}

function assignCodes(weights: number[], described: number): HuffmanCodes | undefined {
  let sum = 0;
  for (const weight of weights) if (weight > 0) sum += 1 << (weight - 1);
  const maxBits = highestBit(sum) + 1;
  const left = 2 ** maxBits - sum;
  if (sum === 0 || maxBits > MAX_BITS || (left & (left - 1)) !== 0) return undefined;
  weights.push(highestBit(left) + 1);
  // Codes are given out in order: the longest first, of one length by the value of the byte.
  const next = new Uint32Array(MAX_BITS + 2);
  for (const weight of weights) if (weight > 0) next[weight + 1]! += 1 << (weight - 1);
  for (let weight = 1; weight <= maxBits + 1; weight++) next[weight]! += next[weight - 1]!;
  const bits = new Uint8Array(256);
  const codes = new Uint16Array(256);
  for (let symbol = 0; symbol < weights.length; symbol++) {
    const weight = weights[symbol]!;
    if (weight === 0) continue;
    bits[symbol] = maxBits + 1 - weight;
    codes[symbol] = next[weight]! >> (weight - 1);
    next[weight]! += 1 << (weight - 1);
  }
  return { bits, codes, described };
}

/** Weights from two FSE states that take turns. The stream is read from its end, where a 1 marks the first bit. */
function readFseWeights(bytes: Uint8Array, from: number, to: number): number[] | undefined {
  const table = readFseTable(bytes, from, to);
  if (table === undefined || table.end >= to || bytes[to - 1] === 0) return undefined;
  let position = (to - table.end - 1) * 8 + highestBit(bytes[to - 1]!);
  const read = (count: number): number => {
    position -= count;
    // What is read from before the beginning is zeros.
    return position >= 0
      ? readBits(bytes, table.end * 8 + position, count)
      : position + count > 0
        ? readBits(bytes, table.end * 8, position + count) << -position
        : 0;
  };
  const states = [read(table.log), read(table.log)];
  const weights: number[] = [];
  for (let turn = 0; weights.length < MAX_WEIGHTS; turn ^= 1) {
    const state = states[turn]!;
    weights.push(table.symbols[state]!);
    states[turn] = table.bases[state]! + read(table.bits[state]!);
    if (position < 0) {
      weights.push(table.symbols[states[turn ^ 1]!]!);
      return weights;
    }
  }
  return undefined;
}

interface FseTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
  /** Where the description ended. */
  readonly end: number;
}

/** RFC 8878 section 4.1.1. */
function readFseTable(bytes: Uint8Array, from: number, to: number): FseTable | undefined {
  let position = from * 8;
  const read = (count: number): number => {
    position += count;
    return readBits(bytes, position - count, count);
  };
  const log = read(4) + 5;
  if (log > MAX_FSE_LOG) return undefined;
  let left = 2 ** log;
  const counts: number[] = [];
  while (left > 0 && counts.length <= MAX_BITS + 1 && position < to * 8) {
    const width = highestBit(left + 1) + 1;
    const short = 2 ** (width - 1) - 1;
    const threshold = 2 ** width - 1 - (left + 1);
    let value = read(width);
    if ((value & short) < threshold) {
      position -= 1;
      value &= short;
    } else if (value > short) {
      value -= threshold;
    }
    const count = value - 1;
    left -= Math.abs(count);
    counts.push(count);
    for (let repeat = count === 0 ? read(2) : 0; repeat > 0; ) {
      for (let index = 0; index < repeat; index++) counts.push(0);
      repeat = repeat === 3 ? read(2) : 0;
    }
  }
  return left === 0 ? spread(counts, log, (position + 7) >> 3) : undefined;
}

function spread(counts: readonly number[], log: number, end: number): FseTable {
  const size = 2 ** log;
  const symbols = new Uint8Array(size);
  const next = counts.map((count) => Math.abs(count));
  let top = size;
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[--top] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  counts.forEach((count, symbol) => {
    for (let index = 0; index < count; index++) {
      symbols[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position >= top);
    }
  });
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (let state = 0; state < size; state++) {
    const value = next[symbols[state]!]!++;
    bits[state] = log - highestBit(value);
    bases[state] = (value << bits[state]!) - size;
  }
  return { log, symbols, bits, bases, end };
}

/** Up to 16 bits from a position in bits, the lowest first. */
function readBits(bytes: Uint8Array, position: number, count: number): number {
  const at = position >> 3;
  const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (word >> (position & 7)) & ((1 << count) - 1);
}

/** The number of the highest bit that is set. */
export function highestBit(value: number): number {
  return 31 - Math.clz32(value);
}

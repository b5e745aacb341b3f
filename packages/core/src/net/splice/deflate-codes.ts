/**
 * The literal codes of a deflate block.
 *
 * RFC 1951 section 3.2.7: after its three bits a dynamic block has
 *
 *     HLIT (5)   257 literal and length codes and so many more
 *     HDIST (5)  1 distance code and so many more
 *     HCLEN (4)  4 code length codes and so many more
 *     the lengths of code length codes, 3 bits each, in the order of CODE_LENGTH_ORDER
 *     the lengths of all literal and length codes, then of all distance codes, by those codes:
 *       0 to 15 a length, 16 the last one 3 to 6 times more (2 bits), 17 and 18 zeros 3 to 10 (3 bits) and 11 to 138 times (7 bits)
 */
import type { BitReader } from './bits.ts';

const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_BITS = 15;
const MAX_LITERALS = 286;
const MAX_DISTANCES = 30;

/** How many codes there are of each length, and their symbols in the order of the codes. */
interface Codes {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

/** Reads up to where the first code of the block's content is; undefined where that is no block. */
export function readLiteralCodes(reader: BitReader, isFixed: boolean): Codes | undefined {
  if (isFixed) return codesOf(fixedLengths());
  const literals = reader.bits(5) + 257;
  const distances = reader.bits(5) + 1;
  const described = reader.bits(4) + 4;
  if (literals > MAX_LITERALS || distances > MAX_DISTANCES) return undefined;
  const lengthLengths = new Uint8Array(CODE_LENGTH_ORDER.length);
  for (let index = 0; index < described; index++) lengthLengths[CODE_LENGTH_ORDER[index]!] = reader.bits(3);
  const lengthCodes = codesOf(lengthLengths);
  const lengths = new Uint8Array(literals + distances);
  for (let at = 0; at < lengths.length; ) {
    const symbol = readSymbol(reader, lengthCodes);
    if (symbol === undefined) return undefined;
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    const value = symbol === 16 ? lengths[at - 1] : 0;
    const times =
      symbol === 16 ? 3 + reader.bits(2) : symbol === 17 ? 3 + reader.bits(3) : 11 + reader.bits(7);
    if (value === undefined || at + times > lengths.length) return undefined;
    lengths.fill(value, at, at + times);
    at += times;
  }
  return reader.isPastEnd ? undefined : codesOf(lengths.subarray(0, literals));
}

/** How many bits the next codes take, if they are those of `literals`; else undefined. */
export function literalLengths(reader: BitReader, codes: Codes, literals: Uint8Array): number | undefined {
  const start = reader.position;
  for (const literal of literals) {
    if (readSymbol(reader, codes) !== literal) return undefined;
  }
  return reader.isPastEnd ? undefined : reader.position - start;
}

/** RFC 1951 section 3.2.6. */
function fixedLengths(): Uint8Array {
  return new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
}

function codesOf(lengths: Uint8Array): Codes {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) if (length > 0) counts[length]! += 1;
  const at = new Uint16Array(MAX_BITS + 2);
  for (let length = 1; length <= MAX_BITS; length++) at[length + 1] = at[length]! + counts[length]!;
  const symbols = new Uint16Array(lengths.length);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length > 0) symbols[at[length]!++] = symbol;
  }
  return { counts, symbols };
}

/** Codes of one length follow one another; the first is twice the one after the last that is a bit shorter. */
function readSymbol(reader: BitReader, { counts, symbols }: Codes): number | undefined {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= MAX_BITS; length++) {
    code |= reader.bits(1);
    const count = counts[length]!;
    if (code - count < first) return symbols[index + (code - first)];
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return undefined;
}

/**
 * The Huffman code of header strings, RFC 7541 section 5.2. It is read four bits at a time: each node of the code's tree
 * has a table of sixteen steps, and since no code is shorter than five bits, a step ends at most one symbol.
 *
 *     step   bits 0-7 next node · 8-15 symbol · 16 a symbol ends here · 17 no code goes on like this
 */
import { HUFFMAN_CODE_LENGTHS } from './huffman-lengths.ts';

const EOS = 256;
const ROOT = 0;
const SYMBOL_SHIFT = 8;
const HAS_SYMBOL = 1 << 16;
const NO_CODE = 1 << 17;

/** By symbol, right-aligned. */
const CODES = assignCodes();
const { steps: STEPS, isPadding: IS_PADDING } = buildSteps();

/** How many bytes `text` (of characters up to 255) takes when it is encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at += 1) bits += HUFFMAN_CODE_LENGTHS[text.charCodeAt(at) & 0xff]!;
  return Math.ceil(bits / 8);
}

/** Encodes `text` (of characters up to 255) into `target` from `at` on; returns where it ends. */
export function huffmanEncode(text: string, target: Uint8Array, at: number): number {
  let end = at;
  let pending = 0;
  let pendingBits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const symbol = text.charCodeAt(index) & 0xff;
    const length = HUFFMAN_CODE_LENGTHS[symbol]!;
    // Never more than 37 bits: a double holds them exactly.
    pending = pending * 2 ** length + CODES[symbol]!;
    pendingBits += length;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      const scale = 2 ** pendingBits;
      const byte = Math.floor(pending / scale);
      target[end++] = byte;
      pending -= byte * scale;
    }
  }
  if (pendingBits > 0) {
    const padding = 8 - pendingBits;
    target[end++] = pending * 2 ** padding + (2 ** padding - 1);
  }
  return end;
}

/**
 * Decodes `source` from `start` to `end` into `target`, which has room for `huffmanMaxDecoded(end - start)` bytes. Returns
 * how many bytes it gave, or -1 where the bits are no text: EOS in them, or padding that is too long or not of ones.
 */
export function huffmanDecode(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let node = ROOT;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const byte = source[at]!;
    const high = STEPS[(node << 4) | (byte >> 4)]!;
    if ((high & HAS_SYMBOL) !== 0) target[length++] = high >> SYMBOL_SHIFT;
    const low = STEPS[((high & 0xff) << 4) | (byte & 0xf)]!;
    if ((low & HAS_SYMBOL) !== 0) target[length++] = low >> SYMBOL_SHIFT;
    if (((high | low) & NO_CODE) !== 0) return -1;
    node = low & 0xff;
  }
  return IS_PADDING[node] === 1 ? length : -1;
}

/** The most bytes that so many encoded bytes can decode to. */
export function huffmanMaxDecoded(encodedBytes: number): number {
  return Math.floor((encodedBytes * 8) / 5);
}

function assignCodes(): readonly number[] {
  const symbols = HUFFMAN_CODE_LENGTHS.map((length, symbol) => ({ length, symbol })).sort(
    (a, b) => a.length - b.length || a.symbol - b.symbol,
  );
  const codes: number[] = [];
  let code = 0;
  let previous = symbols[0]!.length;
  for (const { length, symbol } of symbols) {
    code *= 2 ** (length - previous);
    previous = length;
    codes[symbol] = code;
    code += 1;
  }
  return codes;
}

/** A node's two sides: a node below it, or a symbol as `-1 - symbol`. */
type Node = [zero: number | undefined, one: number | undefined];

function buildTree(): readonly Node[] {
  const nodes: Node[] = [[undefined, undefined]];
  for (const [symbol, length] of HUFFMAN_CODE_LENGTHS.entries()) {
    let node = ROOT;
    for (let bit = length - 1; bit > 0; bit -= 1) {
      const side = Math.floor(CODES[symbol]! / 2 ** bit) % 2;
      let next = nodes[node]![side];
      if (next === undefined) {
        next = nodes.push([undefined, undefined]) - 1;
        nodes[node]![side] = next;
      }
      node = next;
    }
    nodes[node]![CODES[symbol]! % 2] = -1 - symbol;
  }
  return nodes;
}

function buildSteps(): { readonly steps: Uint32Array; readonly isPadding: Uint8Array } {
  const nodes = buildTree();
  const steps = new Uint32Array(nodes.length * 16);
  for (let start = 0; start < nodes.length; start += 1) {
    for (let bits = 0; bits < 16; bits += 1) {
      let node = start;
      let step = 0;
      for (let bit = 3; bit >= 0; bit -= 1) {
        const next = nodes[node]![(bits >> bit) & 1]!;
        node = next < 0 ? ROOT : next;
        if (next === -1 - EOS) step |= NO_CODE;
        else if (next < 0) step |= HAS_SYMBOL | ((-1 - next) << SYMBOL_SHIFT);
      }
      steps[(start << 4) | bits] = step | node;
    }
  }
  // Padding is the beginning of EOS, whose bits are all ones, and shorter than a byte.
  const isPadding = new Uint8Array(nodes.length);
  for (let node = ROOT, depth = 0; depth < 8; depth += 1) {
    isPadding[node] = 1;
    node = nodes[node]![1]!;
  }
  return { steps, isPadding };
}

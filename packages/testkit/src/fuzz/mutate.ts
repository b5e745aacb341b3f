import type { Random } from './random.ts';

/** Inputs are not made longer. */
const MAX_INPUT_BYTES = 8 * 1024;
const MOST_CHANGES = 6;
/** Bytes at which lengths and flags tip over. */
const EDGES = [0, 1, 0x0f, 0x10, 0x1f, 0x20, 0x3f, 0x40, 0x7e, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff];

/** What a mutation draws from. */
export interface Material {
  readonly corpus: readonly Buffer[];
  /** Pieces that mean something in this format. */
  readonly tokens: readonly Uint8Array[];
}

/** An input that is nearly one of the corpus. */
export function mutate({ corpus, tokens }: Material, random: Random): Buffer {
  const pick = (): Buffer => corpus[random(corpus.length)] ?? EMPTY;
  let bytes: Buffer = Buffer.from(pick());
  for (let changes = 1 + random(MOST_CHANGES); changes > 0; changes -= 1) {
    bytes = change(bytes, pick, tokens, random);
  }
  return bytes.length > MAX_INPUT_BYTES ? bytes.subarray(0, MAX_INPUT_BYTES) : bytes;
}

function change(bytes: Buffer, pick: () => Buffer, tokens: readonly Uint8Array[], random: Random): Buffer {
  const at = random(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random(random(4) === 0 ? 256 : 8));
  switch (random(8)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << random(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random(2) === 0 ? random(256) : EDGES[random(EDGES.length)]!;
      return bytes;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)]);
    case 4:
      return Buffer.concat([
        bytes.subarray(0, at),
        tokens[random(tokens.length)] ?? EMPTY,
        bytes.subarray(at),
      ]);
    case 5:
      return Buffer.concat([
        bytes.subarray(0, at),
        tokens[random(tokens.length)] ?? EMPTY,
        bytes.subarray(end),
      ]);
    case 6: {
      const other = pick();
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length + 1))]);
    }
    default: {
      const other = pick();
      const from = random(other.length + 1);
      return Buffer.concat([
        bytes.subarray(0, at),
        other.subarray(from, from + 1 + random(200)),
        bytes.subarray(at),
      ]);
    }
  }
}

const EMPTY = Buffer.alloc(0);

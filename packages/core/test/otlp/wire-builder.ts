/** Protobuf by hand, field by field, so that a test shows the bytes that it is about. */

/** A varint; `bytes` makes it longer than it needs to be. */
export function varint(value: number | bigint, bytes = 1): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n || out.length < bytes - 1; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return Buffer.from([...out, Number(rest)]);
}

export function tag(field: number, wireType: number): Buffer {
  return varint(field * 8 + wireType);
}

export function int(field: number, value: number | bigint): Buffer {
  return Buffer.concat([tag(field, 0), varint(value)]);
}

export function fixed64(field: number, value: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(BigInt.asUintN(64, value));
  return Buffer.concat([tag(field, 1), body]);
}

export function double(field: number, value: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeDoubleLE(value);
  return Buffer.concat([tag(field, 1), body]);
}

export function fixed32(field: number, value: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(value);
  return Buffer.concat([tag(field, 5), body]);
}

/** A string, bytes, or a message given by its fields. */
export function len(field: number, ...body: readonly (string | Uint8Array)[]): Buffer {
  const bytes = Buffer.concat(body.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([tag(field, 2), varint(bytes.length), bytes]);
}

/** An attribute with a string value. */
export function attribute(field: number, key: string, value: string): Buffer {
  return len(field, len(1, key), len(2, len(1, value)));
}

/** A request with one resource, one scope and these records, each given by its fields. */
export function spans(...bodies: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(len(1, len(2, ...bodies.map((body) => len(2, body)))));
}

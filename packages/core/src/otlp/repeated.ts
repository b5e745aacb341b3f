/** Reads repeated scalars, which may be packed into one field, given one by one, or both. */
import { forEachField } from './fields.ts';
import type { MessageNode } from './message.ts';
import type { FieldSpec } from './schema.ts';
import { readUint64, skipVarint, WIRE } from './wire.ts';

export function readFixed64s(node: MessageNode, field: FieldSpec): bigint[] {
  const values: bigint[] = [];
  forEachElement(node, field, fixed64Size, (bytes, at) => values.push(bytes.readBigUInt64LE(at)));
  return values;
}

export function readDoubles(node: MessageNode, field: FieldSpec): number[] {
  const values: number[] = [];
  forEachElement(node, field, fixed64Size, (bytes, at) => values.push(bytes.readDoubleLE(at)));
  return values;
}

export function readUint64s(node: MessageNode, field: FieldSpec): bigint[] {
  const values: bigint[] = [];
  forEachElement(node, field, skipVarint, (bytes, at) => values.push(readUint64(bytes, at)));
  return values;
}

function fixed64Size(_bytes: Buffer, at: number): number {
  return at + 8;
}

function forEachElement(
  node: MessageNode,
  field: FieldSpec,
  skip: (bytes: Buffer, at: number) => number,
  callback: (bytes: Buffer, at: number) => void,
): void {
  forEachField(node, (number, wireType, bytes, at, end) => {
    if (number !== field.number) return;
    if (wireType !== WIRE.delimited) {
      callback(bytes, at);
      return;
    }
    for (let element = skipVarint(bytes, at); element < end; element = skip(bytes, element)) {
      callback(bytes, element);
    }
  });
}

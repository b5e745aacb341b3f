/** The oneof of data points and exemplars: a double, or a sfixed64. */
import {
  getOptionalDouble,
  getOptionalSfixed64,
  lastOf,
  replaceField,
  setOptionalDouble,
  setOptionalSfixed64,
} from './fields.ts';
import type { MessageNode } from './message.ts';
import type { FieldSpec } from './schema.ts';

/** A number where that is exact, else a bigint; undefined where neither member is there. */
export function getNumberValue(
  node: MessageNode,
  asDouble: FieldSpec,
  asInt: FieldSpec,
): number | bigint | undefined {
  if (lastOf(node, asDouble, asInt) !== asInt.number) return getOptionalDouble(node, asDouble);
  const value = getOptionalSfixed64(node, asInt)!;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Sets one member and removes the other: an integer for a bigint or where it was one and stays integral, else a double. */
export function setNumberValue(
  node: MessageNode,
  asDouble: FieldSpec,
  asInt: FieldSpec,
  value: number | bigint | undefined,
): void {
  const isInt =
    typeof value === 'bigint' ||
    (Number.isSafeInteger(value) && lastOf(node, asDouble, asInt) === asInt.number);
  replaceField(node, isInt ? asDouble.number : asInt.number, undefined);
  if (isInt) setOptionalSfixed64(node, asInt, BigInt(value!));
  else setOptionalDouble(node, asDouble, value as number | undefined);
}

import { type AnyValue, double } from '../otlp/any-value.ts';
import type { Attributes } from '../otlp/attributes.ts';
import type { AttributeActionConfig } from './action-config.ts';
import type { AttributeAction } from './attribute-action.ts';
import { goString, goTruncate, parseGoFloat, parseGoInt } from './go-values.ts';

/** What a value can be converted to. */
export type ConvertedType = NonNullable<AttributeActionConfig['converted_type']>;

/** `convert`: changes a value's type; what cannot be converted is left as it is. */
export class ConvertValue implements AttributeAction {
  readonly #key: string;
  readonly #convert: (attributes: Attributes, key: string, value: AnyValue) => void;

  constructor(key: string, type: ConvertedType) {
    this.#key = key;
    this.#convert = CONVERSIONS[type];
  }

  apply(attributes: Attributes): void {
    const value = attributes.get(this.#key);
    if (value !== undefined) this.#convert(attributes, this.#key, value);
  }
}

const CONVERSIONS: Readonly<
  Record<ConvertedType, (attributes: Attributes, key: string, value: AnyValue) => void>
> = {
  string: (attributes, key, value) => {
    if (typeof value !== 'string') attributes.set(key, goString(value));
  },
  int: (attributes, key, value) => {
    const converted = toInt(attributes.typeOf(key), value);
    if (converted !== undefined) attributes.set(key, converted);
  },
  double: (attributes, key, value) => {
    const converted = toDouble(attributes.typeOf(key), value);
    if (converted !== undefined) attributes.set(key, double(converted));
  },
};

function toInt(type: ReturnType<Attributes['typeOf']>, value: AnyValue): bigint | undefined {
  if (type === 'string') return parseGoInt(value as string);
  if (type === 'double') return goTruncate(value as number);
  if (type === 'bool') return value === true ? 1n : 0n;
  return undefined;
}

function toDouble(type: ReturnType<Attributes['typeOf']>, value: AnyValue): number | undefined {
  if (type === 'string') return parseGoFloat(value as string);
  if (type === 'int') return Number(value);
  if (type === 'bool') return value === true ? 1 : 0;
  return undefined;
}

import { isDeepStrictEqual } from 'node:util';
import type { AnyValue } from '../otlp/any-value.ts';
import type { Attributes } from '../otlp/attributes.ts';
import { goFixed } from './go-values.ts';
import type { MatchPropertiesConfig } from './match-config.ts';
import { compileTexts } from './text-matcher.ts';

type AttributeTest = (attributes: Attributes) => boolean;

/** Prepares a list of attributes, all of which must be there with the value that the configuration gives, if any. */
export function compileAttributes(
  wanted: MatchPropertiesConfig['attributes'],
  config: Pick<MatchPropertiesConfig, 'match_type' | 'regexp'>,
): AttributeTest {
  const tests = wanted.map(({ key, value }) => compileAttribute(key, value as AnyValue | undefined, config));
  return (attributes) => {
    for (const test of tests) if (!test(attributes)) return false;
    return true;
  };
}

function compileAttribute(
  key: string,
  value: AnyValue | undefined,
  config: Pick<MatchPropertiesConfig, 'match_type' | 'regexp'>,
): AttributeTest {
  if (value === undefined || value === null) return (attributes) => attributes.has(key);
  if (config.match_type === 'regexp') {
    const texts = compileTexts([value as string], config);
    return (attributes) => {
      const text = textOf(attributes, key);
      return text !== undefined && texts.matches(text);
    };
  }
  const type = typeOfValue(value);
  return (attributes) => attributes.typeOf(key) === type && isEqual(attributes.get(key), value);
}

/** The text that patterns are looked for in: only of strings, booleans and numbers. */
function textOf(attributes: Attributes, key: string): string | undefined {
  switch (attributes.typeOf(key)) {
    case 'string':
      return attributes.getString(key);
    case 'bool':
    case 'int':
      return String(attributes.get(key));
    case 'double':
      return goFixed(attributes.get(key) as number);
    default:
      return undefined;
  }
}

/** The type that a value of the configuration has as an attribute. */
function typeOfValue(value: AnyValue): ReturnType<Attributes['typeOf']> {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'double';
  return Array.isArray(value) ? 'array' : 'kvlist';
}

function isEqual(found: AnyValue | undefined, wanted: AnyValue): boolean {
  if (typeof wanted !== 'object') return found === wanted || (typeof found === 'bigint' && found === wanted);
  return isDeepStrictEqual(withPrototypes(found), withPrototypes(wanted));
}

/** Lists and maps made alike, so that only their contents are compared. */
function withPrototypes(value: AnyValue | undefined): unknown {
  if (Array.isArray(value)) return value.map(withPrototypes);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, withPrototypes(item as AnyValue)]));
}

/** What a zod issue says was expected, in words, and what to do about a value of the wrong type. */
import type { z } from 'zod';
import { quote } from './describe-value.ts';
import { type Schema, wantsInteger } from './schema-walk.ts';
import { resolvePlainScalar } from './yaml-scalar.ts';

type Issue = z.core.$ZodIssue;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  bigint: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
  never: 'nothing',
};

/** Completes "expected …" for an issue. `schemas` are those at its place: zod says "number" where they want integers. */
export function expectation(issue: Issue, schemas: readonly Schema[]): string {
  switch (issue.code) {
    case 'invalid_type': {
      const type = issue.expected === 'number' && wantsInteger(schemas) ? 'int' : issue.expected;
      return TYPE_NAMES[type] ?? type;
    }
    case 'invalid_value':
      return oneOf(issue.values);
    case 'too_small':
      return limit(comparison('more than', 'at least', issue), issue.minimum, issue.origin);
    case 'too_big':
      return limit(comparison('less than', 'at most', issue), issue.maximum, issue.origin);
    case 'invalid_format':
      return issue.format === 'regex' ? `text that matches ${issue.pattern}` : `a valid ${issue.format}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    default:
      return 'something else';
  }
}

/** Lists values to choose from. */
export function oneOf(values: readonly unknown[]): string {
  const words = values.map((value) => (typeof value === 'string' ? quote(value) : String(value)));
  return words.length === 1 ? (words[0] as string) : `one of ${words.join(', ')}`;
}

/** What to do about a value of the wrong type, where it is only a matter of how it is written. */
export function typeHint(expected: string, value: unknown, isHidden: boolean): string | undefined {
  if (expected === 'a string' && ['number', 'bigint', 'boolean'].includes(typeof value))
    return 'Put it in quotes';
  if (expected === 'a list' && typeof value === 'string') return 'Write a list, such as [a, b]';
  if (typeof value !== 'string' || isHidden) return undefined;
  const meant = typeof resolvePlainScalar(value);
  const isNumber = expected === 'a number' || expected === 'an integer';
  if (isNumber) return meant === 'number' ? 'Leave off the quotes' : undefined;
  if (expected !== 'true or false') return undefined;
  if (meant === 'boolean') return 'Leave off the quotes';
  return /^(?:yes|on|y)$/i.test(value)
    ? 'Write true'
    : /^(?:no|off|n)$/i.test(value)
      ? 'Write false'
      : undefined;
}

function comparison(
  exclusive: string,
  inclusive: string,
  issue: { readonly exact?: boolean; readonly inclusive?: boolean },
): string {
  if (issue.exact === true) return 'exactly';
  return issue.inclusive === false ? exclusive : inclusive;
}

const COUNTED: Readonly<Record<string, string>> = { string: 'character', array: 'item', set: 'item' };

function limit(comparison: string, value: number | bigint, origin: string): string {
  const noun = COUNTED[origin];
  return `${comparison} ${value}${noun === undefined ? '' : ` ${noun}${Number(value) === 1 ? '' : 's'}`}`;
}

/**
 * What zod says is wrong with a block, in the words of the configuration: where it stands, what was expected, what was
 * found, what to do.
 */
import type { z } from 'zod';
import { describeValue, joinOr, quote } from './describe-value.ts';
import type { Problem } from './diagnostic.ts';
import { knownKeys, type Schema, schemasAt, wantsInteger } from './schema-walk.ts';
import { didYouMean, nearest } from './suggest.ts';
import { resolvePlainScalar } from './yaml-scalar.ts';

/** The text that zod is told to give where a schema has no message of its own. */
export const NO_MESSAGE = '\u0000';

/** How many known keys an error lists where none is near. */
const MAX_KEYS_LISTED = 12;

/** A problem at a place within the block. */
export interface BlockProblem extends Problem {
  readonly path: readonly (string | number)[];
  /** True if it is about the key itself and not about its value. */
  readonly isAboutKey?: boolean;
}

/** The block that was checked. */
export interface CheckedBlock {
  readonly schema: Schema;
  readonly input: unknown;
  /** True if the value at a path must not be shown. */
  isHidden(path: readonly (string | number)[]): boolean;
}

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** Puts the issues of a failed parse into words; the paths start at the block. */
export function describeIssues(issues: readonly Issue[], block: CheckedBlock, at: Path = []): BlockProblem[] {
  return issues.flatMap((issue) => describeIssue(issue, block, [...at, ...(issue.path as Path)]));
}

function describeIssue(issue: Issue, block: CheckedBlock, path: Path): BlockProblem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, block, path));
  if (issue.code === 'invalid_union' && issue.message === NO_MESSAGE)
    return describeUnion(issue, block, path);
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    const [inner] = describeIssues(issue.issues, { ...block, input: path.at(-1) }, []);
    return [{ ...inner, message: `the key is not valid: ${inner?.message ?? ''}`, path, isAboutKey: true }];
  }
  const value = valueAt(block.input, path);
  if (issue.message !== NO_MESSAGE) return [ownMessage(issue.message, value, block.isHidden(path), path)];
  if (issue.code === 'invalid_type' && value === undefined) {
    const expected = expectation(issue, schemasAt(block.schema, path));
    return [{ path, expected, message: `required key is missing (expected ${expected})` }];
  }
  const details = {
    ...(issue.code === 'invalid_type' ? { expected: issue.expected } : {}),
    ...(issue.code === 'invalid_value' ? { values: issue.values } : {}),
  };
  const expected = expectation(issue, schemasAt(block.schema, path));
  return [mismatch(expected, value, block.isHidden(path), path, details)];
}

function unknownKey(key: string, block: CheckedBlock, path: Path): BlockProblem {
  const known = knownKeys(schemasAt(block.schema, path));
  const suggestion = nearest(key, known);
  const listed = known.slice(0, MAX_KEYS_LISTED).join(', ') + (known.length > MAX_KEYS_LISTED ? ' …' : '');
  const hint =
    didYouMean(suggestion) ?? (known.length === 0 ? 'No keys are known here' : `Known keys: ${listed}`);
  return {
    path: [...path, key],
    isAboutKey: true,
    message: 'unknown key',
    hint,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** Of a union, the problems of the alternative that fits best; if none fits at all, what all of them expect. */
function describeUnion(issue: z.core.$ZodIssueInvalidUnion, block: CheckedBlock, path: Path): BlockProblem[] {
  const value = valueAt(block.input, path);
  const isHidden = block.isHidden(path);
  if ('options' in issue && issue.options !== undefined) {
    return [mismatch(oneOf(issue.options), value, isHidden, path, { values: issue.options })];
  }
  if (issue.errors.length === 0) return [{ path, message: 'fits more than one of the alternatives' }];
  const fitting = issue.errors.filter((errors) => !errors.some(isAboutWhole));
  const [best] = fitting.toSorted((a, b) => a.length - b.length);
  if (best !== undefined) return describeIssues(best, block, path);
  const schemas = schemasAt(block.schema, path);
  const expectations = issue.errors.flatMap((errors) =>
    errors.filter(isAboutWhole).map((error) => expectation(error, schemas)),
  );
  const expected = [...new Set(expectations)];
  if (value === undefined) {
    return [
      { path, expected: joinOr(expected), message: `required key is missing (expected ${joinOr(expected)})` },
    ];
  }
  return [mismatch(joinOr(expected), value, isHidden, path)];
}

/** True for an issue that says that a value is of the wrong kind altogether. */
function isAboutWhole(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

/** A message of the schema's own; one that says what is expected is completed with what was found. */
function ownMessage(message: string, value: unknown, isHidden: boolean, path: Path): BlockProblem {
  if (!message.startsWith('expected ')) return { path, message };
  if (value === undefined) return { path, message: `required key is missing (${message})` };
  if (typeof value === 'object' && value !== null) return { path, message };
  const words = [...message.matchAll(/"([^"]+)"/g)].map((match) => match[1] as string);
  const expected = message.slice('expected '.length);
  return mismatch(expected, value, isHidden, path, expected.startsWith('one of ') ? { values: words } : {});
}

function mismatch(
  expected: string,
  value: unknown,
  isHidden: boolean,
  path: Path,
  details: { readonly expected?: string; readonly values?: readonly unknown[] } = {},
): BlockProblem {
  const found = describeValue(value, isHidden);
  const words = (details.values ?? []).filter((word) => typeof word === 'string');
  const suggestion = typeof value === 'string' && !isHidden ? nearest(value, words) : undefined;
  const hint = didYouMean(suggestion) ?? typeHint(details.expected, value, isHidden);
  return {
    path,
    expected,
    found,
    message: `expected ${expected}, found ${found}`,
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(hint === undefined ? {} : { hint }),
  };
}

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

/** `schemas` are those at the issue's place: zod says "number" where they want integers. */
function expectation(issue: Issue, schemas: readonly Schema[]): string {
  switch (issue.code) {
    case 'invalid_type':
      return (
        TYPE_NAMES[issue.expected === 'number' && wantsInteger(schemas) ? 'int' : issue.expected] ??
        issue.expected
      );
    case 'invalid_value':
      return oneOf(issue.values);
    case 'too_small':
      return limit(
        issue.exact === true ? 'exactly' : issue.inclusive === false ? 'more than' : 'at least',
        issue.minimum,
        issue.origin,
      );
    case 'too_big':
      return limit(
        issue.exact === true ? 'exactly' : issue.inclusive === false ? 'less than' : 'at most',
        issue.maximum,
        issue.origin,
      );
    case 'invalid_format':
      return issue.format === 'regex' ? `text that matches ${issue.pattern}` : `a valid ${issue.format}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    default:
      return 'something else';
  }
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map((value) => (typeof value === 'string' ? quote(value) : String(value)));
  return words.length === 1 ? (words[0] as string) : `one of ${words.join(', ')}`;
}

const COUNTED: Readonly<Record<string, string>> = { string: 'character', array: 'item', set: 'item' };

function limit(comparison: string, value: number | bigint, origin: string): string {
  const noun = COUNTED[origin];
  return `${comparison} ${value}${noun === undefined ? '' : ` ${noun}${Number(value) === 1 ? '' : 's'}`}`;
}

/** What to do about a value of the wrong type, where it is only a matter of writing. */
function typeHint(expected: string | undefined, value: unknown, isHidden: boolean): string | undefined {
  if (expected === 'string' && ['number', 'bigint', 'boolean'].includes(typeof value))
    return 'Put it in quotes';
  if (expected === 'array' && typeof value === 'string') return 'Write a list, such as [a, b]';
  if (typeof value !== 'string' || isHidden) return undefined;
  const isNumber = expected === 'number' || expected === 'int';
  if (isNumber && typeof resolvePlainScalar(value) === 'number') return 'Leave off the quotes';
  if (expected !== 'boolean') return undefined;
  if (typeof resolvePlainScalar(value) === 'boolean') return 'Leave off the quotes';
  return /^(?:yes|on|y)$/i.test(value)
    ? 'Write true'
    : /^(?:no|off|n)$/i.test(value)
      ? 'Write false'
      : undefined;
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string | number, unknown>)[key]
        : undefined,
    input,
  );
}

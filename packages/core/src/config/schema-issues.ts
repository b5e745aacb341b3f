/**
 * What zod says is wrong with a block, in the words of the configuration: where it stands, what was expected, what was
 * found, what to do.
 */
import type { z } from 'zod';
import { describeValue, joinOr } from './describe-value.ts';
import type { Problem } from './diagnostic.ts';
import { expectation, oneOf, typeHint } from './expectation.ts';
import { knownKeys, type Schema, schemasAt } from './schema-walk.ts';
import { didYouMean, nearest } from './suggest.ts';

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
  /** True if the source has the path, be it with nothing after the key. */
  isWritten(path: readonly (string | number)[]): boolean;
}

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** Puts the issues of a failed parse into words; the paths start at the block. */
export function describeIssues(issues: readonly Issue[], block: CheckedBlock, at: Path = []): BlockProblem[] {
  return issues.flatMap((issue) => describeIssue(issue, block, [...at, ...(issue.path as Path)]));
}

function describeIssue(issue: Issue, block: CheckedBlock, path: Path): BlockProblem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, block, path));
  if (issue.message !== NO_MESSAGE) return [ownMessage(issue.message, block, path)];
  if (issue.code === 'invalid_union') return describeUnion(issue, block, path);
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    const [inner] = describeIssues(issue.issues, { ...block, input: path.at(-1), isWritten: () => true }, []);
    return [{ path, isAboutKey: true, message: `the key is not valid: ${inner?.message ?? ''}` }];
  }
  const words = issue.code === 'invalid_value' ? issue.values : [];
  return [mismatch(expectation(issue, schemasAt(block.schema, path)), block, path, words)];
}

function unknownKey(key: string, block: CheckedBlock, path: Path): BlockProblem {
  const known = knownKeys(schemasAt(block.schema, path), key);
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
  if ('options' in issue && issue.options !== undefined) {
    return [mismatch(oneOf(issue.options), block, path, issue.options)];
  }
  if (issue.errors.length === 0) return [{ path, message: 'fits more than one of the alternatives' }];
  const fitting = issue.errors.filter((errors) => !errors.some(isAboutWhole));
  const [best] = fitting.toSorted((a, b) => weight(a) - weight(b));
  if (best !== undefined) return describeIssues(best, block, path);
  const schemas = schemasAt(block.schema, path);
  const expected = issue.errors
    .flat()
    .filter(isAboutWhole)
    .map((error) => expectation(error, schemas));
  return [mismatch(joinOr([...new Set(expected)]), block, path)];
}

/** True for an issue that says that a value is of the wrong kind altogether. */
function isAboutWhole(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function weight(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
}

/** A message of the schema's own; one that says what is expected is completed with what was found. */
function ownMessage(message: string, block: CheckedBlock, path: Path): BlockProblem {
  const expected = /^expected (.*)$/s.exec(message)?.[1];
  const value = valueAt(block.input, path);
  if (expected === undefined || (typeof value === 'object' && value !== null)) return { path, message };
  const words = /^one of ("[^"]*"(?:, |$))+/.test(expected) ? [...expected.matchAll(/"([^"]+)"/g)] : [];
  return mismatch(
    expected,
    block,
    path,
    words.map((word) => word[1]),
  );
}

/** `words` are the values to choose from, where there are any. */
function mismatch(
  expected: string,
  block: CheckedBlock,
  path: Path,
  words: readonly unknown[] = [],
): BlockProblem {
  const value = valueAt(block.input, path);
  if (value === undefined && !block.isWritten(path)) {
    return { path, expected, message: `required key is missing (expected ${expected})` };
  }
  const isHidden = block.isHidden(path);
  const found = describeValue(value, isHidden);
  const known = words.filter((word) => typeof word === 'string');
  const suggestion = typeof value === 'string' && !isHidden ? nearest(value, known) : undefined;
  const hint = didYouMean(suggestion) ?? typeHint(expected, value, isHidden);
  return {
    path,
    expected,
    found,
    message: `expected ${expected}, found ${found}`,
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(hint === undefined ? {} : { hint }),
  };
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

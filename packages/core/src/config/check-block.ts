/**
 * Checking one block of the configuration (a component's, or a part of `service`) against its schema, and telling
 * every problem at its place.
 */
import type { z } from 'zod';
import type { ConfigProblem } from '../component/factory.ts';
import { looksSecret } from './describe-value.ts';
import type { Diagnostics, Problem } from './diagnostic.ts';
import { type ConfigNode, type ConfigPath, child, nodeAt, originOfKey, type Substitution } from './node.ts';
import { showReference } from './references.ts';
import { schemaInput } from './schema-input.ts';
import { type BlockProblem, describeIssues, NO_MESSAGE } from './schema-issues.ts';
import { isSecretAt, type Schema } from './schema-walk.ts';
import type { Origin } from './source.ts';

/** The references that a message names at most. */
const MAX_REFERENCES_SHOWN = 3;

/** A block and where it stands. */
export interface Block {
  readonly node: ConfigNode;
  /** Where the block's own key stands: what is missing from the block is reported there. */
  readonly keyOrigin: Origin;
  readonly path: ConfigPath;
  /** Who wrote the schema, named if the schema itself fails: `the schema of receiver "otlp"`. */
  readonly owner: string;
}

/** What a schema made of a block; undefined if it has problems, which have been reported. */
export interface CheckResult<T> {
  readonly value: T | undefined;
}

/** Checks a block against a schema and reports every problem. */
export function checkBlock<S extends z.ZodType>(
  block: Block,
  schema: S,
  diagnostics: Diagnostics,
): CheckResult<z.output<S>> {
  if (block.node.kind === 'invalid') return { value: undefined };
  try {
    const input = schemaInput(block.node, schema);
    const result = schema.safeParse(input, { error: () => NO_MESSAGE });
    if (result.success) return { value: result.data };
    const isHidden = (path: ConfigPath): boolean => isHiddenAt(block.node, schema, path);
    const isWritten = (path: ConfigPath): boolean => nodeAt(block.node, path) !== undefined;
    for (const problem of describeIssues(result.error.issues, { schema, input, isHidden, isWritten })) {
      report(block, schema, problem, diagnostics);
    }
  } catch (error) {
    const message = `${block.owner} failed: ${error instanceof Error ? error.message : String(error)}`;
    diagnostics.error(block.keyOrigin, block.path, { message, code: 'PLUGIN_LOAD' });
  }
  return { value: undefined };
}

/** Reports what a factory's own `validate` finds. */
export function reportConfigProblems(
  block: Block,
  schema: Schema,
  problems: readonly ConfigProblem[],
  diagnostics: Diagnostics,
): void {
  for (const problem of problems) report(block, schema, problem, diagnostics);
}

function report(block: Block, schema: Schema, problem: BlockProblem, diagnostics: Diagnostics): void {
  const { path, isAboutKey = false, ...rest } = problem;
  const existing = nodeAt(block.node, path);
  if (isBroken(block.node, path)) return;
  const keyOrigin = path.length === 0 ? block.keyOrigin : originOfKey(block.node, block.keyOrigin, path);
  const origin = isAboutKey || existing === undefined ? keyOrigin : valueOrigin(existing, keyOrigin);
  const substitution = substitutionAt(block.node, path);
  const hasHiddenDefault = substitution?.uris.some((uri) => showReference(uri) !== uri) === true;
  diagnostics.error(origin, [...block.path, ...path], {
    ...rest,
    ...sourceOf(substitution, isAboutKey),
    isSecret: !isAboutKey && (hasHiddenDefault || isSecretAt(schema, path) || looksSecret(path)),
  });
}

/** A map or a list is pointed at by its key: what it begins with says little. */
function valueOrigin(node: ConfigNode, keyOrigin: Origin): Origin {
  return node.kind === 'scalar' ? node.origin : keyOrigin;
}

/** Names the references that a value came by, and why what they brought was not read as YAML. */
function sourceOf(
  substitution: Substitution | undefined,
  isAboutKey: boolean,
): Partial<Pick<Problem, 'from' | 'hint'>> {
  if (substitution === undefined) return {};
  const from = substitution.uris.slice(0, MAX_REFERENCES_SHOWN).map(showReference).join(', ');
  if (substitution.note === undefined || isAboutKey) return { from };
  return { from, hint: `It is taken as text: ${substitution.note}` };
}

/** The values of secrets, and values that came from outside, are not shown. */
function isHiddenAt(root: ConfigNode, schema: Schema, path: ConfigPath): boolean {
  return substitutionAt(root, path) !== undefined || isSecretAt(schema, path) || looksSecret(path);
}

/**
 * The last substitution on the way to a path. Those that brought a whole YAML file do not count for what is in it: it
 * has its own place and is configuration like any other.
 */
function substitutionAt(root: ConfigNode, path: ConfigPath): Substitution | undefined {
  let found: Substitution | undefined;
  let node: ConfigNode | undefined = root;
  for (const key of [undefined, ...path]) {
    if (key !== undefined) node = child(node, key);
    const substitution = node?.substitution;
    if (substitution === undefined) continue;
    const isFile = node?.kind !== 'scalar' && substitution.uris.every((uri) => uri.startsWith('${file:'));
    found = isFile ? undefined : substitution;
  }
  return found;
}

function isBroken(root: ConfigNode, path: ConfigPath): boolean {
  return path.some((_, index) => nodeAt(root, path.slice(0, index + 1))?.kind === 'invalid');
}

import type { ConfigNode, Substitution } from './node.ts';
import type { Retrieved } from './providers.ts';
import { type Origin, Source } from './source.ts';
import { parseYaml } from './yaml-tree.ts';

/** What a reference brought. */
export interface Expansion {
  readonly retrieved: Retrieved;
  /** What YAML makes of it. */
  readonly node: ConfigNode;
  /** It as text. */
  readonly text: string;
  /** Why it was not read as YAML, where it was not. */
  readonly note?: string;
}

/**
 * Reads what a reference at `at` brought. Text that is no YAML, or that YAML takes for a string, stands as it is,
 * quotes included. Only what a file brought keeps its own places.
 */
export function readExpansion(retrieved: Retrieved, at: Origin, written: string): Expansion {
  const isFile = retrieved.file !== undefined;
  const text = isFile ? retrieved.text.replace(/\r?\n$/, '') : retrieved.text;
  const scalar = (value: string | null): ConfigNode => ({ kind: 'scalar', value, origin: at });
  if (retrieved.isUnset === true) return { retrieved, text, node: scalar(null) };
  if (retrieved.isLiteral === true) return { retrieved, text, node: scalar(text) };
  const source = new Source({ name: retrieved.name, text: retrieved.text, dir: retrieved.dir });
  const { node, problems } = parseYaml(source);
  const [problem] = problems;
  if (problem !== undefined) {
    const { line, column } = source.position(problem.origin.start);
    const note = `${retrieved.name}:${line}:${column}: ${problem.message}`;
    return { retrieved, text, node: scalar(text), note };
  }
  if (node === undefined) return { retrieved, text, node: scalar(null) };
  if (node.kind === 'scalar') {
    return { retrieved, text, node: typeof node.value === 'string' ? scalar(text) : { ...node, origin: at } };
  }
  return { retrieved, text, node: isFile ? node : moveTo(node, at, { uris: [written] }) };
}

/** What a variable brought has no lines that a user could open: it stands where the reference stands. */
function moveTo(node: ConfigNode, origin: Origin, substitution: Substitution): ConfigNode {
  const move = (inner: ConfigNode): ConfigNode => moveTo(inner, origin, substitution);
  if (node.kind === 'list') return { ...node, origin, substitution, items: node.items.map(move) };
  if (node.kind === 'map') {
    const entries = [...node.entries].map(
      ([key, { value }]) => [key, { keyOrigin: origin, value: move(value) }] as const,
    );
    return { ...node, origin, substitution, entries: new Map(entries) };
  }
  return { ...node, origin, substitution };
}

/**
 * The configuration as a tree in which every key and value knows where it came from, through merging and
 * substitution. Nodes are never changed once made, so that YAML aliases, merged files and expansions share them.
 */
import type { Origin } from './source.ts';

/** What YAML's scalars become; integers beyond 2^53 are bigints. */
export type Scalar = string | number | bigint | boolean | null;

interface NodeBase {
  readonly origin: Origin;
  /** What the value was before substitution, if it came from `${…}`. */
  readonly substitution?: Substitution;
}

/** How a value came from outside. */
export interface Substitution {
  /** The references, as written: `${env:PORT}`. At least one. */
  readonly uris: readonly string[];
  /**
   * The text that came, before YAML read it: what a setting that wants a string gets. Undefined where the value is
   * text already, or has no text that could stand for it.
   */
  readonly text?: string;
  /** Why the text was not read as YAML, where it was not. */
  readonly note?: string;
}

/** One scalar value. */
export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: Scalar;
  /** True for a whole number that was written as a fraction, such as `1.0`, `1e3` or `!!float 1`. */
  readonly isDouble?: true;
}

/** A list of values. */
export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
}

/** A map of values by key, in the order of the source. */
export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** A key with its value. */
export interface MapEntry {
  readonly keyOrigin: Origin;
  readonly value: ConfigNode;
}

/** A value that could not be made; its error has been reported, so that nothing more is said of it. */
export interface InvalidNode extends NodeBase {
  readonly kind: 'invalid';
}

/** Any value of the configuration. */
export type ConfigNode = ScalarNode | ListNode | MapNode | InvalidNode;

/** The keys and list indexes from the top of the configuration to a value. */
export type ConfigPath = readonly (string | number)[];

/** Writes a path as the Collector does: `receivers::otlp::protocols`. */
export function formatPath(path: ConfigPath): string {
  return path.join('::');
}

/** The value of a map's key, if `node` is a map that has it. */
export function child(node: ConfigNode | undefined, key: string | number): ConfigNode | undefined {
  if (node?.kind === 'map') return node.entries.get(String(key))?.value;
  if (node?.kind === 'list') return typeof key === 'number' ? node.items[key] : undefined;
  return undefined;
}

/** Where the key that a path ends in stands, else the nearest thing above it; `start` is where the root stands. */
export function originOfKey(root: ConfigNode, start: Origin, path: ConfigPath): Origin {
  let origin = start;
  let node: ConfigNode | undefined = root;
  for (const key of path) {
    const entry: MapEntry | undefined = node?.kind === 'map' ? node.entries.get(String(key)) : undefined;
    node = child(node, key);
    if (node === undefined) return origin;
    origin = entry?.keyOrigin ?? node.origin;
  }
  return origin;
}

/** The value at a path, if it exists. */
export function nodeAt(root: ConfigNode, path: ConfigPath): ConfigNode | undefined {
  let node: ConfigNode | undefined = root;
  for (const key of path) node = child(node, key);
  return node;
}

/** True for a scalar null: a key with nothing after it, or a variable that is not set. */
export function isNull(node: ConfigNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === null;
}

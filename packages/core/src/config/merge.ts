/**
 * Joining configuration trees, by the rules of the Collector's confmap: maps merge, everything else is replaced by
 * what comes later (so that a section with nothing after its colon deletes the earlier one), and a key may hold
 * several levels: `receivers::otlp::protocols`.
 */
import { isIPv6 } from 'node:net';
import type { ConfigNode, MapEntry, MapNode } from './node.ts';
import type { Origin } from './source.ts';

const DELIMITER = '::';

/** Lays `later` over `earlier`. */
export function mergeNodes(earlier: ConfigNode, later: ConfigNode): ConfigNode {
  if (earlier.kind !== 'map' || later.kind !== 'map') return later;
  const entries = new Map(earlier.entries);
  for (const [key, entry] of later.entries) entries.set(key, mergeEntries(entries.get(key), entry));
  return { ...later, entries };
}

/** Takes apart the keys that hold several levels, at any depth of maps; maps within lists are left as they are. */
export function unflattenKeys(node: ConfigNode): ConfigNode {
  if (node.kind !== 'map') return node;
  const entries = new Map<string, MapEntry>();
  for (const [key, { keyOrigin, value }] of node.entries) {
    const [first, ...rest] = splitKey(key) as [string, ...string[]];
    const nested = nest(rest, keyOrigin, unflattenKeys(value));
    entries.set(first, mergeEntries(entries.get(first), { keyOrigin, value: nested }));
  }
  return { ...node, entries };
}

/** Puts a value under a chain of keys, all of which stand at `origin`. */
export function nest(keys: readonly string[], origin: Origin, value: ConfigNode): ConfigNode {
  return keys.reduceRight<ConfigNode>(
    (inner, key): MapNode => ({
      kind: 'map',
      entries: new Map([[key, { keyOrigin: origin, value: inner }]]),
      origin,
    }),
    value,
  );
}

function mergeEntries(earlier: MapEntry | undefined, later: MapEntry): MapEntry {
  if (earlier === undefined) return later;
  return { keyOrigin: later.keyOrigin, value: mergeNodes(earlier.value, later.value) };
}

/** An IPv6 address or range with a digit is a name like any other, unlike in the Collector, which takes it apart. */
function splitKey(key: string): string[] {
  const isAddress = /\d/.test(key) && isIPv6(key.split('/', 1)[0] as string);
  if (!key.includes(DELIMITER) || isAddress) return [key];
  const parts = key.split(DELIMITER);
  return parts.includes('') ? [key] : parts;
}

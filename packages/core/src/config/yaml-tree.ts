/**
 * YAML to configuration nodes. The `yaml` package parses and tells where things stand; what scalars mean, merge keys
 * (`<<`), duplicate keys and the limits against hostile documents are ours, so that they are the Collector's.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  parseAllDocuments,
  type YAMLMap,
  type YAMLSeq,
  type Scalar as YamlScalar,
} from 'yaml';
import type { ConfigNode, MapEntry, Scalar } from './node.ts';
import type { Origin, Source } from './source.ts';
import { isPlainDouble, resolvePlainScalar } from './yaml-scalar.ts';

/** How many values a document may have, each use of an alias counted with all that it stands for. */
const MAX_NODES = 100_000;

/** How deep a document may nest. */
const MAX_DEPTH = 100;

/** How many syntax errors of one document are reported: one mistake often makes many. */
const MAX_ERRORS = 10;

/** Something that is wrong with the YAML itself. */
export interface YamlProblem {
  readonly origin: Origin;
  readonly message: string;
}

/** What a YAML text is: a tree, and everything that is wrong with it. */
export interface YamlTree {
  /** Undefined if the text holds no value at all, or if it has problems. */
  readonly node: ConfigNode | undefined;
  readonly problems: readonly YamlProblem[];
}

/** Reads a YAML text of one document. Never throws. */
export function parseYaml(source: Source): YamlTree {
  const origin = (start: number, end = start): Origin => ({ source, start, end });
  const documents = parseAllDocuments(source.text, {
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined) return { node: undefined, problems: [] };
  // The parser recurses, and reports the end of the stack as an error like any other.
  const overflow = document.errors.find(({ message }) => /call stack|stack overflow/i.test(message));
  const errors = overflow === undefined ? document.errors.slice(0, MAX_ERRORS) : [overflow];
  const problems: YamlProblem[] = errors.map((error) => ({
    origin: origin(error.pos[0], error.pos[1]),
    message: error === overflow ? TOO_DEEP : `not valid YAML: ${lowerFirst(error.message)}`,
  }));
  if (second !== undefined && second.contents !== null && problems.length === 0) {
    problems.push({
      origin: origin(second.range[0]),
      message: 'a second YAML document begins (expected only one)',
    });
  }
  if (problems.length > 0) return { node: undefined, problems };
  const converter = new Converter(source);
  const node = converter.convert(document);
  return { node: converter.problems.length === 0 ? node : undefined, problems: converter.problems };
}

const TOO_DEEP = `nested more than ${MAX_DEPTH} levels deep`;

class Converter {
  readonly problems: YamlProblem[] = [];
  readonly #source: Source;
  /** What each anchor stands for, with its size; `open` while it is being converted. */
  readonly #anchors = new Map<string, { readonly node: ConfigNode; readonly size: number } | 'open'>();
  #size = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  convert(document: Document.Parsed): ConfigNode | undefined {
    if (document.contents === null) return undefined;
    return this.#node(document.contents, 0);
  }

  #node(node: ParsedNode, depth: number): ConfigNode {
    if (depth > MAX_DEPTH) return this.#invalid(node, TOO_DEEP);
    if (isAlias(node)) return this.#alias(node);
    const { anchor } = node;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const sizeBefore = this.#size;
    this.#size++;
    const converted = this.#content(node, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, { node: converted, size: this.#size - sizeBefore });
    return converted;
  }

  #content(node: YamlScalar.Parsed | YAMLMap.Parsed | YAMLSeq.Parsed, depth: number): ConfigNode {
    if (this.#size > MAX_NODES) return this.#invalid(node, `more than ${MAX_NODES} values`);
    if (isMap(node)) return this.#map(node, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item as ParsedNode, depth + 1));
      return { kind: 'list', items, origin: this.#origin(node) };
    }
    const value = scalarValue(node);
    return value === undefined
      ? this.#invalid(
          node,
          `the text is not what its tag ${node.tag?.replace('tag:yaml.org,2002:', '!!')} says`,
        )
      : {
          kind: 'scalar',
          value,
          origin: this.#origin(node),
          ...(Number.isInteger(value) && isDouble(node) ? { isDouble: true } : {}),
        };
  }

  #map(map: YAMLMap.Parsed, depth: number): ConfigNode {
    const entries = new Map<string, MapEntry>();
    const merged: MapEntry['value'][] = [];
    for (const { key, value } of map.items) {
      if (isMergeKey(key)) {
        merged.push(...this.#mergeSources(value, depth));
        continue;
      }
      const name = this.#keyName(key);
      if (name === undefined) continue;
      const keyOrigin = this.#origin(key);
      const earlier = entries.get(name);
      if (earlier !== undefined) {
        const { line } = this.#source.position(earlier.keyOrigin.start);
        this.problems.push({
          origin: keyOrigin,
          message: `mapping key ${JSON.stringify(name)} is already defined at line ${line}`,
        });
      }
      const converted = value === null ? nullAt(keyOrigin) : this.#node(value, depth + 1);
      // An empty value has no place of its own: what is wrong with it is shown at its key.
      entries.set(name, {
        keyOrigin,
        value: isEmptyScalar(value) ? { ...converted, origin: keyOrigin } : converted,
      });
    }
    for (const source of merged) {
      if (source.kind !== 'map') continue;
      for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    return { kind: 'map', entries, origin: this.#origin(map) };
  }

  #mergeSources(value: ParsedNode | null, depth: number): ConfigNode[] {
    const node = value === null ? undefined : this.#node(value, depth + 1);
    const sources = node?.kind === 'list' ? node.items : node === undefined ? [] : [node];
    if (value !== null && (node === undefined || sources.some(({ kind }) => kind !== 'map'))) {
      this.#invalid(value, 'a merge key (<<) takes a map or a list of maps');
    }
    return [...sources];
  }

  #keyName(key: ParsedNode): string | undefined {
    const name = this.#keyText(key);
    // As a property of plain objects it would not be a key.
    if (name === undefined || name.split('::').includes('__proto__')) {
      this.#invalid(key, 'a key is missing or is not a name');
      return undefined;
    }
    return name;
  }

  #keyText(key: ParsedNode): string | undefined {
    if (isAlias(key)) {
      const node = this.#alias(key);
      return node.kind === 'scalar' && node.value !== null ? String(node.value) : undefined;
    }
    if (!isScalar(key) || scalarValue(key) === null) return undefined;
    if (key.anchor !== undefined) this.#node(key, 0);
    return String(key.source ?? key.value);
  }

  #alias(alias: Alias.Parsed): ConfigNode {
    const anchored = this.#anchors.get(alias.source);
    if (anchored === undefined)
      return this.#invalid(alias, `the anchor "${alias.source}" is not defined before this`);
    if (anchored === 'open') return this.#invalid(alias, `the anchor "${alias.source}" contains itself`);
    this.#size += anchored.size;
    if (this.#size > MAX_NODES) return this.#invalid(alias, `aliases make more than ${MAX_NODES} values`);
    return anchored.node;
  }

  #invalid(node: ParsedNode, message: string): ConfigNode {
    const origin = this.#origin(node);
    if (this.problems.length < MAX_ERRORS) this.problems.push({ origin, message });
    return { kind: 'invalid', origin };
  }

  #origin(node: ParsedNode): Origin {
    return { source: this.#source, start: node.range[0], end: node.range[1] };
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function nullAt(origin: Origin): ConfigNode {
  return { kind: 'scalar', value: null, origin };
}

function isEmptyScalar(node: ParsedNode | null): boolean {
  return isScalar(node) && node.source === '' && node.type === 'PLAIN';
}

function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<' && key.tag === undefined;
}

function isDouble(node: YamlScalar.Parsed): boolean {
  if (node.tag === 'tag:yaml.org,2002:float') return true;
  return node.tag === undefined && node.type === 'PLAIN' && isPlainDouble(node.source);
}

/** Gives what a scalar means by its tag and style; undefined if its tag does not fit its text. */
function scalarValue(node: YamlScalar.Parsed): Scalar | undefined {
  const text = node.source;
  const plain = resolvePlainScalar(text);
  switch (node.tag) {
    case undefined:
      return node.type === 'PLAIN' ? plain : text;
    case 'tag:yaml.org,2002:null':
      return plain === null ? null : undefined;
    case 'tag:yaml.org,2002:bool':
      return typeof plain === 'boolean' ? plain : undefined;
    case 'tag:yaml.org,2002:int':
      return typeof plain === 'bigint' || Number.isInteger(plain) ? plain : undefined;
    case 'tag:yaml.org,2002:float':
      return typeof plain === 'number' || typeof plain === 'bigint' ? Number(plain) : undefined;
    case 'tag:yaml.org,2002:binary':
      return Buffer.from(text, 'base64').toString('utf8');
    default:
      return text;
  }
}

/** From the command line's `--config` and `--set` to one configuration tree. */
import { resolve } from 'node:path';
import type { Diagnostics } from './diagnostic.ts';
import { mergeNodes, nest, unflattenKeys } from './merge.ts';
import type { ConfigNode } from './node.ts';
import {
  type ConfigUri,
  type ProviderContext,
  parseUri,
  type Retrieved,
  RetrieveError,
  retrieve,
} from './providers.ts';
import { type Origin, Source } from './source.ts';
import { parseYaml } from './yaml-tree.ts';

/** How many `--config` URIs are taken, as in the Collector. */
const MAX_URIS = 100;

/** The configuration as its sources have it, before substitution. */
export interface ConfigTree {
  /** Undefined if no source holds anything. */
  readonly node: ConfigNode | undefined;
  /** The folder of the first file, else the working directory. */
  readonly configDir: string;
  /** The files that were read, by their full paths. */
  readonly files: readonly string[];
}

/** Reads all sources, reports every one that cannot be read or is not YAML, and merges the rest in order. */
export async function readSources(
  uris: readonly string[],
  sets: readonly string[],
  context: ProviderContext,
  diagnostics: Diagnostics,
): Promise<ConfigTree> {
  const files: string[] = [];
  const nodes: (ConfigNode | undefined)[] = [];
  let configDir: string | undefined;
  if (uris.length === 0) {
    diagnostics.error(undefined, [], {
      message: 'at least one config flag must be provided',
      hint: 'Give --config FILE',
    });
  }
  if (uris.length > MAX_URIS) {
    diagnostics.error(undefined, [], {
      message: `more than ${MAX_URIS} --config flags (found ${uris.length})`,
    });
  }
  for (const uri of uris.slice(0, MAX_URIS)) {
    const retrieved = await retrieveSource(uri, context, diagnostics);
    if (retrieved === undefined) continue;
    if (retrieved.file !== undefined) {
      files.push(retrieved.file);
      configDir ??= retrieved.dir;
    }
    nodes.push(readTree(new Source(retrieved), diagnostics));
  }
  for (const set of sets) nodes.push(readSet(set, context.cwd, diagnostics));
  const found = nodes.filter((node) => node !== undefined);
  const [first, ...rest] = found;
  return {
    node: first && rest.reduce(mergeNodes, first),
    configDir: configDir ?? resolve(context.cwd),
    files,
  };
}

/** Without a scheme, or with a drive letter, it is a file. */
function parseConfigUri(text: string): ConfigUri {
  if (/^[A-Za-z]:/.test(text) || !text.includes(':')) return { scheme: 'file', opaque: text };
  return parseUri(text) ?? { scheme: 'file', opaque: text };
}

async function retrieveSource(
  text: string,
  context: ProviderContext,
  diagnostics: Diagnostics,
): Promise<Retrieved | undefined> {
  try {
    const retrieved = await retrieve(parseConfigUri(text), [context.cwd], context);
    const { notice } = retrieved;
    if (notice === undefined) return retrieved;
    throw new RetrieveError(notice.message);
  } catch (error) {
    if (!(error instanceof RetrieveError)) throw error;
    const { message, hint, suggestion } = error;
    diagnostics.error(undefined, [], {
      code: 'CONFIG_UNREADABLE',
      message: `--config: ${message}`,
      ...(hint === undefined ? {} : { hint }),
      ...(suggestion === undefined ? {} : { suggestion }),
    });
    return undefined;
  }
}

/** Reads a whole configuration: a map of sections. */
function readTree(source: Source, diagnostics: Diagnostics): ConfigNode | undefined {
  diagnostics.registerSource(source);
  const { node, problems } = parseYaml(source);
  for (const { origin, message } of problems) {
    diagnostics.error(origin, [], { code: 'CONFIG_UNREADABLE', message, isSecret: true });
  }
  // An empty source, or one that says null, takes nothing away from the others.
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return undefined;
  if (node.kind === 'map') return unflattenKeys(node);
  const found = node.kind === 'list' ? 'a list' : 'a text';
  diagnostics.error(node.origin, [], {
    code: 'CONFIG_UNREADABLE',
    message: `expected a map of sections such as receivers and service, found ${found}`,
    isSecret: true,
  });
  return undefined;
}

/** Reads `a.b.c=value`: dots separate keys, and the value is YAML. */
function readSet(set: string, cwd: string, diagnostics: Diagnostics): ConfigNode | undefined {
  const separator = set.indexOf('=');
  const key = (separator === -1 ? set : set.slice(0, separator)).trim();
  const text = separator === -1 ? '' : set.slice(separator + 1).trim();
  const source = new Source({ name: `--set ${key}=…`, text, dir: cwd, hasLines: false });
  const origin: Origin = { source, start: 0, end: text.length };
  const fail = (message: string, hint: string): undefined => {
    diagnostics.error(origin, [], { message, hint });
    return undefined;
  };
  diagnostics.registerSource(source);
  if (separator === -1) return fail('missing equal sign', 'Write --set key.of.setting=value');
  const keys = key.replaceAll('.', '::').split('::');
  if (keys.includes('') || keys.includes('__proto__'))
    return fail('a key is empty', 'Write --set key.of.setting=value');
  const { node, problems } = parseYaml(source);
  const [problem] = problems;
  if (problem !== undefined) return fail(`the value is ${problem.message}`, 'Put it in quotes');
  return nest(keys, origin, unflattenKeys(node ?? { kind: 'scalar', value: null, origin }));
}

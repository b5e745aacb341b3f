import type { ConfigNode } from '../../src/config/node.ts';
import { plainValue } from '../../src/config/schema-input.ts';
import { Source } from '../../src/config/source.ts';
import { parseYaml, type YamlProblem } from '../../src/config/yaml-tree.ts';

/** A source of a test. */
export function source(text: string, name = 'config.yaml'): Source {
  return new Source({ name, text, dir: '/etc/tributary' });
}

/** The tree of a YAML text that has no problems. */
export function tree(text: string): ConfigNode {
  const { node, problems } = parseYaml(source(text));
  if (node === undefined) throw new Error(`no tree: ${problems.map(formatProblem).join('; ') || 'empty'}`);
  return node;
}

/** The plain value of a YAML text. */
export function value(text: string): unknown {
  return plainValue(tree(text));
}

/** The problems of a YAML text, as `line:column message`. */
export function problems(text: string): string[] {
  return parseYaml(source(text)).problems.map(formatProblem);
}

function formatProblem({ origin, message }: YamlProblem): string {
  const { line, column } = origin.source.position(origin.start);
  return `${line}:${column} ${message}`;
}

/**
 * Writes what is generated from the component schemas: `configs/schema.json` (for editors) and the settings tables in
 * the README of each plugin package, between `<!-- settings KIND TYPE -->` and `<!-- end -->`; and the copies of
 * configurations that deploy/kubernetes holds.
 * `--check` writes nothing and fails when something is not fresh.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configSchema, type Factory, Registry } from '@tributary/core';
import { z } from 'zod';
import { BUILTIN_FACTORIES } from '../packages/tributary/src/builtin.ts';

const root = path.dirname(import.meta.dirname);
const isCheck = process.argv.includes('--check');
const stale: string[] = [];

interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly additionalProperties?: SchemaNode | boolean;
}

function put(file: string, content: string): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (before === content) return;
  if (isCheck) stale.push(path.relative(root, file));
  else writeFileSync(file, content);
}

function typeOf(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(typeOf))].join(' or ');
  if (node.items !== undefined) return `list of ${typeOf(node.items)}`;
  if (typeof node.type === 'object') return node.type.join(' or ');
  if (node.type === 'object' && node.properties === undefined) return 'map';
  return node.type ?? 'any';
}

function rowsOf(node: SchemaNode, prefix: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const name = prefix === '' ? key : `${prefix}::${key}`;
    const nested = child.items?.properties === undefined ? child : child.items;
    const isDefaultShown = child.default !== undefined && typeof child.default !== 'object';
    const fallback = isDefaultShown ? `\`${JSON.stringify(child.default)}\`` : '';
    const text = (child.description ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ');
    const own = `| \`${name}\` | ${typeOf(child).replaceAll('|', '\\|')} | ${fallback} | ${text} |`;
    return [own, ...rowsOf(nested, nested === child ? name : `${name}[]`)];
  });
}

function settingsTable(factory: Factory): string {
  const schema = z.toJSONSchema(factory.configSchema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
  const rows = rowsOf(schema, '');
  if (rows.length === 0) return 'It has no settings.\n';
  return ['| setting | type | default | meaning |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}

function updateReadme(file: string): void {
  const before = readFileSync(file, 'utf8');
  const after = before.replace(
    /(<!-- settings (\w+) (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, kind: string, type: string, end: string) => {
      const factory = BUILTIN_FACTORIES.find((each) => each.kind === kind && each.type === type);
      if (factory === undefined) throw new Error(`${file}: there is no ${kind} "${type}"`);
      return `${begin}\n${settingsTable(factory)}\n${end}`;
    },
  );
  put(file, after);
}

const registry = new Registry(BUILTIN_FACTORIES);
put(path.join(root, 'configs/schema.json'), `${JSON.stringify(configSchema(registry), null, 2)}\n`);
// kustomize reads no file outside of its own folder.
for (const role of ['agent', 'gateway']) {
  const config = readFileSync(path.join(root, `configs/kubernetes-${role}.yaml`), 'utf8');
  put(path.join(root, `deploy/kubernetes/${role}-config.yaml`), config);
}
for (const file of globSync('packages/*/README.md', { cwd: root })) updateReadme(path.join(root, file));

if (stale.length > 0) {
  console.error(`not fresh: ${stale.join(', ')}. Run: npm run generate`);
  process.exitCode = 1;
}

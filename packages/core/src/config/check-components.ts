/** Checking the component sections: ids, types, and each block against the schema of its factory. */
import { COMPONENT_KINDS, type ComponentKind, type Factory } from '../component/factory.ts';
import { type Block, checkBlock, reportConfigProblems } from './check-block.ts';
import { parseComponentId } from './component-id.ts';
import type { Diagnostics, Problem } from './diagnostic.ts';
import { type ConfigNode, child } from './node.ts';
import type { Registry } from './registry.ts';
import type { ComponentConfig } from './resolved-config.ts';
import type { Origin } from './source.ts';
import { didYouMean, nearest } from './suggest.ts';

/** A component that the configuration defines, right or wrong. */
export interface DefinedComponent {
  readonly id: string;
  readonly keyOrigin: Origin;
  /** Undefined if its type is not known. */
  readonly factory: Factory | undefined;
  /** Undefined if its block has problems. */
  readonly component: ComponentConfig | undefined;
}

/** Everything that the configuration defines, by kind and id. */
export type DefinedComponents = Readonly<Record<ComponentKind, ReadonlyMap<string, DefinedComponent>>>;

/** How many known types an error lists. */
const MAX_TYPES_LISTED = 40;

/** Checks every component of every section, used or not. */
export function checkComponents(
  root: ConfigNode,
  registry: Registry,
  diagnostics: Diagnostics,
): DefinedComponents {
  const entries = COMPONENT_KINDS.map(
    (kind) => [kind, checkSection(kind, root, registry, diagnostics)] as const,
  );
  const defined = Object.fromEntries(entries) as Record<ComponentKind, Map<string, DefinedComponent>>;
  reportAmbiguousIds(defined, diagnostics);
  return defined;
}

/** The section of a kind: `receivers` for `receiver`. */
export function sectionOf(kind: ComponentKind): string {
  return `${kind}s`;
}

function checkSection(
  kind: ComponentKind,
  root: ConfigNode,
  registry: Registry,
  diagnostics: Diagnostics,
): Map<string, DefinedComponent> {
  const defined = new Map<string, DefinedComponent>();
  const section = child(root, sectionOf(kind));
  if (section?.kind !== 'map') return defined;
  for (const [key, { keyOrigin, value }] of section.entries) {
    const path = [sectionOf(kind), key];
    const parsed = parseComponentId(key);
    if ('message' in parsed) {
      diagnostics.error(keyOrigin, path, parsed);
      continue;
    }
    const { id, type } = parsed;
    if (defined.has(id)) {
      const message = `duplicate name ${JSON.stringify(key)}: "${id}" is already defined`;
      diagnostics.error(keyOrigin, path, { message, hint: 'Spaces around an id do not count' });
      continue;
    }
    const factory = registry.get(kind, type)?.factory;
    if (factory === undefined)
      diagnostics.error(keyOrigin, path, unknownType(kind, type, id, registry, diagnostics.hasPluginErrors));
    else if (type !== factory.type) {
      const message = `type "${type}" is deprecated`;
      diagnostics.warn(keyOrigin, path, { message, suggestion: factory.type, hint: `Use "${factory.type}"` });
    }
    const block = { node: value, keyOrigin, path, owner: `the schema of ${kind} "${id}"` };
    const component = factory && checkComponent(id, factory, block, diagnostics);
    defined.set(id, { id, keyOrigin, factory, component });
  }
  return defined;
}

function checkComponent(
  id: string,
  factory: Factory,
  block: Block,
  diagnostics: Diagnostics,
): ComponentConfig | undefined {
  const { value: config } = checkBlock(block, factory.configSchema, diagnostics);
  if (config === undefined) return undefined;
  try {
    const problems = factory.validate?.(config) ?? [];
    reportConfigProblems(block, factory.configSchema, problems, diagnostics);
    return problems.length === 0 ? { id, factory, config } : undefined;
  } catch (error) {
    const message = `the validation of ${factory.kind} "${id}" failed: ${error instanceof Error ? error.message : String(error)}`;
    diagnostics.error(block.keyOrigin, block.path, { message, code: 'PLUGIN_LOAD' });
    return undefined;
  }
}

function unknownType(
  kind: ComponentKind,
  type: string,
  id: string,
  registry: Registry,
  hasPluginErrors: boolean,
): Problem {
  const names = registry.names(kind);
  const elsewhere = registry.kindsOf(type);
  const suggestion = elsewhere.length > 0 ? undefined : nearest(type, names);
  const listed = names.slice(0, MAX_TYPES_LISTED).join(' ') + (names.length > MAX_TYPES_LISTED ? ' …' : '');
  const hint =
    elsewhere[0] !== undefined
      ? `"${type}" is a type of ${elsewhere[0]}: define it under ${sectionOf(elsewhere[0])}`
      : (didYouMean(suggestion) ??
        (hasPluginErrors ? 'A plugin that could not be loaded may bring it' : undefined));
  return {
    message: `unknown type: "${type}" for id: "${id}" (valid values: [${listed}])`,
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** A pipeline names connectors among its receivers and exporters, so their ids must differ from both. */
function reportAmbiguousIds(defined: DefinedComponents, diagnostics: Diagnostics): void {
  for (const { id, keyOrigin } of defined.connector.values()) {
    for (const kind of ['exporter', 'receiver'] as const) {
      if (!defined[kind].has(id)) continue;
      const message = `ambiguous ID: Found both "${id}" ${kind} and "${id}" connector`;
      const hint = `Change one of the components' IDs to eliminate ambiguity (e.g. rename "${id}" connector to "${id}/connector")`;
      diagnostics.error(keyOrigin, ['connectors', id], { message, hint });
    }
  }
}

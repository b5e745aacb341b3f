/** Checking the lists of ids by which `service` names components. */
import type { ComponentKind } from '../component/factory.ts';
import { type DefinedComponents, sectionOf } from './check-components.ts';
import { parseComponentId } from './component-id.ts';
import { joinOr } from './describe-value.ts';
import type { Diagnostics, Problem } from './diagnostic.ts';
import type { ConfigNode, ConfigPath } from './node.ts';
import type { Origin } from './source.ts';
import { didYouMean, nearest } from './suggest.ts';

/** A reference to a component, where it stands in a list. */
export interface Reference {
  /** `type` or `type/name`, trimmed. */
  readonly id: string;
  readonly origin: Origin;
}

/**
 * Gives the components that a list names and that exist, each once, and reports the others. Connectors stand among
 * receivers and exporters. A processor named twice is an error, as in the Collector; anything else counts once.
 */
export function checkReferences(
  kind: ComponentKind,
  list: ConfigNode | undefined,
  path: ConfigPath,
  defined: DefinedComponents,
  diagnostics: Diagnostics,
): Reference[] {
  const found = new Map<string, Reference>();
  for (const written of listedTexts(list)) {
    const { origin } = written;
    const parsed = parseComponentId(written.text);
    if ('message' in parsed) {
      diagnostics.error(origin, path, parsed);
      continue;
    }
    const { id } = parsed;
    const kinds: ComponentKind[] = kind === 'receiver' || kind === 'exporter' ? [kind, 'connector'] : [kind];
    if (!kinds.some((known) => defined[known].has(id))) {
      diagnostics.error(origin, path, notConfigured(kind, id, kinds, defined));
    } else if (found.has(id)) {
      const message = `references ${kind} "${id}" multiple times`;
      if (kind === 'processor') diagnostics.error(origin, path, { message });
      else diagnostics.warn(origin, path, { message, hint: 'It counts once' });
    } else {
      found.set(id, { id, origin });
    }
  }
  return [...found.values()];
}

/** The texts of a list, or of a text with commas; anything else has been reported by the schema. */
export function listedTexts(
  node: ConfigNode | undefined,
): { readonly text: string; readonly origin: Origin }[] {
  if (node?.kind === 'list') return node.items.filter(({ kind }) => kind === 'scalar').flatMap(listedTexts);
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return [];
  const { origin } = node;
  return node.value.split(',').map((text) => ({ text, origin }));
}

function notConfigured(
  kind: ComponentKind,
  id: string,
  kinds: readonly ComponentKind[],
  defined: DefinedComponents,
): Problem {
  const message = `references ${kind} "${id}" which is not configured`;
  const elsewhere = (Object.keys(defined) as ComponentKind[]).find((other) => defined[other].has(id));
  if (elsewhere !== undefined) {
    return {
      message,
      hint: `"${id}" is configured as ${/^[aeiou]/.test(elsewhere) ? 'an' : 'a'} ${elsewhere}`,
    };
  }
  const suggestion = nearest(
    id,
    kinds.flatMap((known) => [...defined[known].keys()]),
  );
  const hint = didYouMean(suggestion) ?? `Define it under ${joinOr(kinds.map(sectionOf))}`;
  return { message, hint, ...(suggestion === undefined ? {} : { suggestion }) };
}

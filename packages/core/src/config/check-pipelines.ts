/** Checking `service::pipelines`: their ids, what they name, and whether that takes their signal. */
import { z } from 'zod';
import type { Signal } from '../component/signal.ts';
import { checkBlock } from './check-block.ts';
import { type DefinedComponents, sectionOf } from './check-components.ts';
import { checkReferences, type Reference } from './check-references.ts';
import { parsePipelineId } from './component-id.ts';
import type { Diagnostics } from './diagnostic.ts';
import { type ConfigPath, child, isNull, type MapEntry } from './node.ts';

/** A pipeline with the places of its references; those that point nowhere are left out. */
export interface CheckedPipeline {
  /** `signal` or `signal/name`, trimmed. */
  readonly id: string;
  readonly signal: Signal;
  readonly receivers: readonly Reference[];
  readonly processors: readonly Reference[];
  readonly exporters: readonly Reference[];
}

const idList = z.array(z.string());

/** The schema of a pipeline. */
export const pipelineSchema = z.strictObject({
  receivers: idList.default([]).describe('Ids of the receivers and connectors that feed the pipeline.'),
  processors: idList.default([]).describe('Ids of the processors, in the order in which data passes them.'),
  exporters: idList.default([]).describe('Ids of the exporters and connectors that get what comes out.'),
});

const PATH = ['service', 'pipelines'];

/** Checks all pipelines; `entry` is the section, missing or not. */
export function checkPipelines(
  entry: MapEntry,
  defined: DefinedComponents,
  diagnostics: Diagnostics,
): CheckedPipeline[] {
  const { keyOrigin, value: section } = entry;
  if (isNull(section) || (section.kind === 'map' && section.entries.size === 0)) {
    diagnostics.error(keyOrigin, PATH, { message: 'service must have at least one pipeline' });
  }
  const pipelines = new Map<string, CheckedPipeline>();
  for (const [key, pipeline] of section.kind === 'map' ? section.entries : []) {
    const path = [...PATH, key];
    const parsed = parsePipelineId(key);
    if ('message' in parsed) {
      diagnostics.error(pipeline.keyOrigin, path, parsed);
      checkPipeline(key, undefined, pipeline, path, defined, diagnostics);
      continue;
    }
    const { id, signal } = parsed;
    if (pipelines.has(id)) {
      const message = `duplicate name ${JSON.stringify(key)}: "${id}" is already defined`;
      diagnostics.error(pipeline.keyOrigin, path, { message, hint: 'Spaces around an id do not count' });
    }
    pipelines.set(id, { id, signal, ...checkPipeline(id, signal, pipeline, path, defined, diagnostics) });
  }
  return [...pipelines.values()];
}

/** `signal` is undefined where the pipeline's id is wrong; the rest of it is checked all the same. */
function checkPipeline(
  id: string,
  signal: Signal | undefined,
  { keyOrigin, value: node }: MapEntry,
  path: ConfigPath,
  defined: DefinedComponents,
  diagnostics: Diagnostics,
): Pick<CheckedPipeline, 'receivers' | 'processors' | 'exporters'> {
  checkBlock({ node, keyOrigin, path, owner: `the schema of pipeline "${id}"` }, pipelineSchema, diagnostics);
  const list = (kind: 'receiver' | 'processor' | 'exporter'): Reference[] => {
    const value = child(node, sectionOf(kind));
    const isEmpty =
      value === undefined || isNull(value) || (value.kind === 'list' && value.items.length === 0);
    if (kind !== 'processor' && isEmpty && (node.kind === 'map' || isNull(node))) {
      const key = node.kind === 'map' ? node.entries.get(sectionOf(kind)) : undefined;
      diagnostics.error(key?.keyOrigin ?? keyOrigin, path, { message: `must have at least one ${kind}` });
    }
    const found = checkReferences(kind, value, path, defined, diagnostics);
    for (const reference of found) checkSignal(kind, signal, reference, path, defined, diagnostics);
    return found;
  };
  return { receivers: list('receiver'), processors: list('processor'), exporters: list('exporter') };
}

function checkSignal(
  kind: 'receiver' | 'processor' | 'exporter',
  signal: Signal | undefined,
  { id, origin }: Reference,
  path: ConfigPath,
  defined: DefinedComponents,
  diagnostics: Diagnostics,
): void {
  const factory = defined[kind].get(id)?.factory;
  if (signal === undefined || factory === undefined || !('signals' in factory)) return;
  if (factory.signals[signal] !== undefined) return;
  const supported = Object.keys(factory.signals).join(', ');
  diagnostics.error(origin, path, {
    message: `${kind} "${id}" does not support ${signal} (it supports ${supported})`,
  });
}

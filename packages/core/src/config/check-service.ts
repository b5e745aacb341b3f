/** Checking the `service` section: extensions, pipelines and telemetry. */
import { z } from 'zod';
import { checkBlock } from './check-block.ts';
import type { DefinedComponents } from './check-components.ts';
import { type CheckedPipeline, checkPipelines } from './check-pipelines.ts';
import { checkReferences } from './check-references.ts';
import type { Diagnostics } from './diagnostic.ts';
import { type ConfigNode, child, isNull, type MapEntry, nodeAt } from './node.ts';
import type { Origin } from './source.ts';
import { type TelemetryConfig, telemetryConfigSchema } from './telemetry-config.ts';
import { workersSchema } from './workers-config.ts';

/** What the service section says, as far as it is right. */
export interface CheckedService {
  readonly extensions: readonly string[];
  readonly pipelines: readonly CheckedPipeline[];
  /** Undefined if it has problems. */
  readonly telemetry: TelemetryConfig | undefined;
  readonly workers: number;
}

/** The section as a whole; pipelines and telemetry are looked into by themselves, so that each tells all it can. */
const serviceSchema = z.strictObject({
  extensions: z.array(z.string()).default([]),
  pipelines: z.record(z.string(), z.unknown()).default({}),
  telemetry: z.unknown().optional(),
  workers: workersSchema,
});

/** Checks the section against the components that are defined. */
export function checkService(
  root: ConfigNode,
  defined: DefinedComponents,
  diagnostics: Diagnostics,
): CheckedService {
  const service = entryOf(root, 'service', root.origin);
  const { keyOrigin, value: node } = service;
  const path = ['service'];
  const block = { node, keyOrigin, path, owner: 'the schema of service' };
  const checked = checkBlock(block, serviceSchema, diagnostics).value;
  const extensions = checkReferences(
    'extension',
    child(node, 'extensions'),
    [...path, 'extensions'],
    defined,
    diagnostics,
  );
  return {
    extensions: extensions.map(({ id }) => id),
    pipelines:
      node.kind === 'map' || isNull(node)
        ? checkPipelines(entryOf(node, 'pipelines', keyOrigin), defined, diagnostics)
        : [],
    telemetry: checkTelemetry(entryOf(node, 'telemetry', keyOrigin), diagnostics),
    workers: checked?.workers ?? 1,
  };
}

/** What a Collector configuration may say of telemetry that has no effect here. */
const WITHOUT_EFFECT: readonly (readonly string[])[] = [
  ['logs', 'processors'],
  ['metrics', 'views'],
  ['traces', 'processors'],
];

function checkTelemetry(
  { keyOrigin, value: node }: MapEntry,
  diagnostics: Diagnostics,
): TelemetryConfig | undefined {
  const path = ['service', 'telemetry'];
  const warn = (keys: readonly string[], message: string, hint?: string): void => {
    const value = nodeAt(node, keys);
    if (value === undefined || isNull(value)) return;
    diagnostics.warn(value.origin, [...path, ...keys], { message, ...(hint === undefined ? {} : { hint }) });
  };
  for (const keys of WITHOUT_EFFECT) warn(keys, 'accepted, but has no effect');
  warn(
    ['metrics', 'address'],
    'address is deprecated',
    'Use readers: a pull exporter prometheus with host and port',
  );
  const block = { node, keyOrigin, path, owner: 'the schema of service::telemetry' };
  return checkBlock(block, telemetryConfigSchema, diagnostics).value;
}

/** A section, empty if it is missing: what is wrong with a missing one is shown where it should be. */
function entryOf(node: ConfigNode, key: string, around: Origin): MapEntry {
  const entry = node.kind === 'map' ? node.entries.get(key) : undefined;
  if (entry !== undefined) return entry;
  const origin =
    node.kind === 'invalid' || around !== node.origin ? around : { ...around, end: around.start };
  return { keyOrigin: origin, value: { kind: 'map', entries: new Map(), origin } };
}

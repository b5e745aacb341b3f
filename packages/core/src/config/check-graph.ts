/**
 * Checking how connectors join pipelines: that each is used on both sides with signals that it supports, and that
 * following them never leads back.
 */
import type { ConnectorFactory } from '../component/factory.ts';
import type { DefinedComponents } from './check-components.ts';
import type { CheckedPipeline } from './check-pipelines.ts';
import type { Reference } from './check-references.ts';
import type { Diagnostics } from './diagnostic.ts';

/** A way through a connector, from a pipeline that exports to it to one that receives from it. */
interface Edge {
  readonly connector: string;
  readonly from: CheckedPipeline;
  readonly to: CheckedPipeline;
  /** The reference among the exporters of `from`. */
  readonly reference: Reference;
}

/** Checks the connectors of the pipelines. */
export function checkGraph(
  pipelines: readonly CheckedPipeline[],
  defined: DefinedComponents,
  diagnostics: Diagnostics,
): void {
  const edges: Edge[] = [];
  for (const { id, factory } of defined.connector.values()) {
    if (factory?.kind !== 'connector') continue;
    edges.push(...checkConnector(id, factory, pipelines, diagnostics));
  }
  reportCycles(edges, diagnostics);
}

/** Reports the uses of a connector that nothing on the other side fits, and returns its ways. */
function checkConnector(
  connector: string,
  factory: ConnectorFactory,
  pipelines: readonly CheckedPipeline[],
  diagnostics: Diagnostics,
): Edge[] {
  const sources = uses(connector, 'exporters', pipelines);
  const targets = uses(connector, 'receivers', pipelines);
  const edges = sources.flatMap(({ pipeline: from, reference }) =>
    targets
      .filter(({ pipeline: to }) =>
        factory.routes.some((route) => route.from === from.signal && route.to === to.signal),
      )
      .map(({ pipeline: to }) => ({ connector, from, to, reference })),
  );
  const routes = factory.routes.map(({ from, to }) => `${from} to ${to}`).join(', ');
  const report = (unused: readonly Use[], side: string, other: string): void => {
    const [first] = unused;
    if (first === undefined) return;
    const names = unused.map(({ pipeline }) => pipeline.id).join(' ');
    diagnostics.error(first.reference.origin, ['service', 'pipelines', first.pipeline.id], {
      message: `connector "${connector}" used as ${side} in [${names}] pipeline but not used in any supported ${other} pipeline`,
      hint: `It goes from ${routes}`,
    });
  };
  const isFollowed = ({ pipeline }: Use, side: 'from' | 'to'): boolean =>
    edges.some((edge) => edge[side].signal === pipeline.signal);
  report(
    sources.filter((use) => !isFollowed(use, 'from')),
    'exporter',
    'receiver',
  );
  report(
    targets.filter((use) => !isFollowed(use, 'to')),
    'receiver',
    'exporter',
  );
  return edges;
}

interface Use {
  readonly pipeline: CheckedPipeline;
  readonly reference: Reference;
}

function uses(id: string, list: 'receivers' | 'exporters', pipelines: readonly CheckedPipeline[]): Use[] {
  return pipelines.flatMap((pipeline) =>
    pipeline[list].filter((reference) => reference.id === id).map((reference) => ({ pipeline, reference })),
  );
}

/** Walks depth first and reports the way back from every pipeline that is reached while it is being walked. */
function reportCycles(edges: readonly Edge[], diagnostics: Diagnostics): void {
  const done = new Set<CheckedPipeline>();
  const visit = (pipeline: CheckedPipeline, way: readonly Edge[]): void => {
    const start = way.findIndex(({ from }) => from === pipeline);
    if (start !== -1) reportCycle(way.slice(start), diagnostics);
    if (start !== -1 || done.has(pipeline)) return;
    for (const edge of edges) if (edge.from === pipeline) visit(edge.to, [...way, edge]);
    done.add(pipeline);
  };
  for (const { from } of edges) visit(from, []);
}

function reportCycle(cycle: readonly Edge[], diagnostics: Diagnostics): void {
  const [first] = cycle;
  if (first === undefined) return;
  const steps = cycle.flatMap(({ connector, from, to }) => [
    `connector "${connector}" (${from.signal} to ${to.signal})`,
    ...to.processors.map(({ id }) => `processor "${id}" in pipeline "${to.id}"`),
  ]);
  diagnostics.error(first.reference.origin, ['service', 'pipelines', first.from.id], {
    message: `cycle detected: ${[...steps, steps[0]].join(' -> ')}`,
  });
}

/** What of a batch can be edited, beside its content in plain data as protobufjs decoded it. */
import type protobuf from 'protobufjs';
import type { Attributes, Batch, DataPoint, Metric, Span } from '../../src/index.ts';
import type { Plain } from './oracle.ts';
import { LEVELS, list, lookup, metricData } from './oracle-view.ts';

/** A message that can be edited: its view, and its content in plain data. */
export interface Target {
  readonly type: protobuf.Type;
  readonly view: object;
  readonly plain: Plain;
  readonly attributes: Attributes | undefined;
  /** The key of the attributes in the plain data. */
  readonly attributesKey: string;
  /** Removes the message, in both; absent for a resource and a scope, which their groups have always. */
  readonly drop: (() => void) | undefined;
}

/** All that can be edited, from the outside in. */
export function targetsOf(batch: Batch, plain: Plain): Target[] {
  const [groups, scopes, records] = LEVELS[batch.signal];
  const targets: Target[] = [];
  zip(batch.resources(), plain, groups, (group, plainGroup, dropGroup) => {
    targets.push(target('ResourceSpans', group, plainGroup, undefined, dropGroup));
    targets.push(
      target('Resource', group.resource, plainGroup['resource'] as Plain, group.resource.attributes),
    );
    zip(group.scopes(), plainGroup, scopes, (scope, plainScope, dropScope) => {
      targets.push(target('ScopeSpans', scope, plainScope, undefined, dropScope));
      const plainInner = plainScope['scope'] as Plain;
      targets.push(target('InstrumentationScope', scope.scope, plainInner, scope.scope.attributes));
      zip([...scope.records()], plainScope, records, (record, plainRecord, drop) => {
        if (record.kindOf === 'span') spanTargets(targets, record, plainRecord, drop);
        else if (record.kindOf === 'metric') metricTargets(targets, record, plainRecord, drop);
        else targets.push(target('LogRecord', record, plainRecord, record.attributes, drop));
      });
    });
  });
  return targets;
}

function spanTargets(targets: Target[], span: Span, plain: Plain, drop: () => void): void {
  targets.push(target('Span', span, plain, span.attributes, drop));
  zip(span.events(), plain, 'events', (event, inner, dropEvent) =>
    targets.push(target('Span.Event', event, inner, event.attributes, dropEvent)),
  );
  zip(span.links(), plain, 'links', (link, inner, dropLink) =>
    targets.push(target('Span.Link', link, inner, link.attributes, dropLink)),
  );
}

function metricTargets(targets: Target[], metric: Metric, plain: Plain, drop: () => void): void {
  targets.push({ ...target('Metric', metric, plain, metric.metadata, drop), attributesKey: 'metadata' });
  const data = metricData(plain)?.data;
  if (data === undefined) return;
  zip(metric.dataPoints(), data, 'dataPoints', (point, inner, dropPoint) => {
    targets.push(target(POINT_TYPES[point.kindOf], point, inner, point.attributes, dropPoint));
    if (point.kindOf === 'summary') return;
    zip(point.exemplars(), inner, 'exemplars', (exemplar, innermost, dropExemplar) =>
      targets.push({
        ...target('Exemplar', exemplar, innermost, exemplar.filteredAttributes, dropExemplar),
        attributesKey: 'filteredAttributes',
      }),
    );
  });
}

const POINT_TYPES: Readonly<Record<DataPoint['kindOf'], string>> = {
  number: 'NumberDataPoint',
  histogram: 'HistogramDataPoint',
  exponentialHistogram: 'ExponentialHistogramDataPoint',
  summary: 'SummaryDataPoint',
};

function target(
  type: string,
  view: object,
  plain: Plain,
  attributes: Attributes | undefined,
  drop?: () => void,
): Target {
  return { type: lookup(type), view, plain, attributes, attributesKey: 'attributes', drop };
}

/** Goes through views and plain data side by side. Removal from the plain data takes the element, wherever it is by then. */
function zip<View extends { drop(): void }>(
  views: readonly View[],
  parent: Plain,
  key: string,
  callback: (view: View, plain: Plain, drop: () => void) => void,
): void {
  const elements = list(parent[key]);
  if (views.length !== elements.length) throw new Error(`${views.length} ${key}, not ${elements.length}`);
  views.forEach((view, index) => {
    const element = elements[index]!;
    callback(view, element, () => {
      view.drop();
      parent[key] = list(parent[key]).filter((other) => other !== element);
    });
  });
}

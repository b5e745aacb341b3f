import type { Batch, Metric } from '@tributary/core';

/** A data point: its attributes and value. */
export type Point = readonly [attributes: Readonly<Record<string, unknown>>, value: number];

/** What a batch says of one container or unit. */
export interface Resource {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The data points by metric, which is named with its unit; the last of a series counts. */
  readonly metrics: Readonly<Record<string, readonly Point[]>>;
  readonly list: readonly Metric[];
}

/** The resources of batches, in order, without the name of this machine. */
export function resourcesOf(batches: readonly (Batch | undefined)[]): Resource[] {
  const resources: Resource[] = [];
  for (const batch of batches) {
    for (const group of batch?.resources() ?? []) {
      const { 'host.name': _, ...attributes } = group.resource.attributes.toObject();
      const list = [...group.records()].filter((record) => record.kindOf === 'metric');
      const metrics: Record<string, Point[]> = {};
      for (const metric of list) metrics[`${metric.name} ${metric.unit}`] = metric.dataPoints().map(pointOf);
      resources.push({ attributes, metrics, list });
    }
  }
  return resources;
}

function pointOf(point: ReturnType<Metric['dataPoints']>[number]): Point {
  if (!('value' in point)) throw new Error('no number data point');
  return [point.attributes.toObject(), Number(point.value)];
}

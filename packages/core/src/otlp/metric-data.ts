/**
 * The oneof of a metric that holds its data points. The member that comes last counts; if it comes several times in a
 * row, all of them merged; if another member stands between, what is before that does not count.
 */
import { forEachField } from './fields.ts';
import { MessageNode } from './message.ts';
import { openSingular, peekSingular } from './open.ts';

/** The members by their field numbers. */
export const DATA_FIELDS: Readonly<
  Record<number, 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'>
> = { 5: 'gauge', 7: 'sum', 9: 'histogram', 10: 'exponentialHistogram', 11: 'summary' };

/** Whether a field number is one of the members. */
export function isDataField(number: number): boolean {
  return number === 5 || number === 7 || number === 9 || number === 10 || number === 11;
}

/** The data of a metric for editing; undefined if it has none. */
export function openData(metric: MessageNode): MessageNode | undefined {
  const opened = openedData(metric);
  if (opened !== undefined) return opened;
  const { field, skipped } = effectiveMember(metric);
  return field === 0 ? undefined : openSingular(metric, field, skipped);
}

/** The data of a metric for reading only; undefined if it has none. */
export function peekData(metric: MessageNode): MessageNode | undefined {
  const opened = openedData(metric);
  if (opened !== undefined) return opened;
  const { field, skipped } = effectiveMember(metric);
  if (field === 0) return undefined;
  return skipped === 0 ? peekSingular(metric, field) : openSingular(metric, field, skipped);
}

function openedData(metric: MessageNode): MessageNode | undefined {
  if (metric.parts === undefined) return undefined;
  for (const part of metric.parts) if (part instanceof MessageNode && isDataField(part.field)) return part;
  return undefined;
}

function effectiveMember(metric: MessageNode): { field: number; skipped: number } {
  const members: number[] = [];
  forEachField(metric, (number) => {
    if (isDataField(number)) members.push(number);
  });
  const field = members.at(-1) ?? 0;
  const others = members.findLastIndex((number) => number !== field);
  const skipped = members.slice(0, Math.max(others, 0)).filter((number) => number === field).length;
  return { field, skipped };
}

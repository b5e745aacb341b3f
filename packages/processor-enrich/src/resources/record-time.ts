import type { ResourceGroup, TelemetryRecord } from '@tributary/core';

/** When the first record of a group was made, in milliseconds since the Unix epoch; undefined if it does not say. */
export function recordTimeOf(group: ResourceGroup): number | undefined {
  for (const scope of group.scopes()) {
    const [record] = scope.records();
    const nanoseconds = record === undefined ? 0n : nanosecondsOf(record);
    if (nanoseconds > 0n) return Number(nanoseconds / 1_000_000n);
  }
  return undefined;
}

/** A span is sent when it has ended, so it is its end that says who sent it. */
function nanosecondsOf(record: TelemetryRecord): bigint {
  if (record.kindOf === 'span') return record.endTimeUnixNano;
  if (record.kindOf === 'metric') return record.dataPoints()[0]?.timeUnixNano ?? 0n;
  return record.observedTimeUnixNano > 0n ? record.observedTimeUnixNano : record.timeUnixNano;
}

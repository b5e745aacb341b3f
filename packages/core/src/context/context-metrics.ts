import type { TelemetryRegistry } from '../telemetry/registry.ts';
import type { ClaimCounts } from './claim-table.ts';
import type { Context } from './context.ts';

const CLAIMS = {
  description: 'Facts that are kept, those of the grace period included.',
  unit: '{fact}',
} as const;

/** What is counted of each table, beside how much it holds. */
const COUNTERS: readonly (readonly [
  key: Exclude<keyof ClaimCounts, 'claims'>,
  description: string,
  unit: string,
])[] = [
  ['misses', 'Questions to which no fact was the answer.', '{question}'],
  [
    'ambiguous',
    'Questions to which several facts claimed to be the answer, so that none was given.',
    '{question}',
  ],
  ['evicted', 'Facts of the grace period that went early, for want of room.', '{fact}'],
  ['refused', 'Facts that were not taken in, because the table was full.', '{fact}'],
];

/**
 * Registers what the tables of a context hold and how they are used: `otelcol_context_facts{table}`,
 * `otelcol_context_misses{table}` and so on. Returns the function that takes them out again.
 */
export function registerContextMetrics(registry: TelemetryRegistry, context: Context): () => void {
  const telemetry = registry.process();
  for (const [table, counted] of Object.entries(context.tables())) {
    telemetry.gauge('otelcol_context_facts', CLAIMS, () => counted.counts.claims, { table });
    for (const [key, description, unit] of COUNTERS) {
      const name = `otelcol_context_${key}`;
      telemetry.observableCounter(name, { description, unit }, () => counted.counts[key], { table });
    }
  }
  return () => telemetry.close();
}

import { registerProcessMetrics, TelemetryRegistry } from '@tributary/core';
import { expect, it } from 'vitest';

it('the process reports its own figures under the names of the Collector, until told to stop', () => {
  const registry = new TelemetryRegistry({ level: 'basic' });
  const stop = registerProcessMetrics(registry);
  const snapshot = registry.snapshot();
  expect(Object.keys(snapshot)).toEqual([
    'otelcol_process_cpu_seconds',
    'otelcol_process_memory_rss',
    'otelcol_process_runtime_heap_alloc_bytes',
    'otelcol_process_runtime_total_sys_memory_bytes',
    'otelcol_process_uptime',
  ]);
  const { rss, heapTotal } = process.memoryUsage();
  const heap = Number(snapshot['otelcol_process_runtime_heap_alloc_bytes']);
  expect(Number(snapshot['otelcol_process_memory_rss']) / rss).toBeCloseTo(1, 0);
  expect(heap).toBeLessThan(heapTotal);
  expect(heap).toBeLessThan(Number(snapshot['otelcol_process_runtime_total_sys_memory_bytes']));
  expect(Number(snapshot['otelcol_process_uptime'])).toBeLessThanOrEqual(process.uptime());
  stop();
  expect(registry.snapshot()).toEqual({});
});

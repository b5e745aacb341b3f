import { getHeapStatistics } from 'node:v8';
import { processMemory } from '../process/isolate-memory.ts';
import type { TelemetryRegistry } from './registry.ts';

/**
 * Registers the process's own figures under the Collector's names. The Go runtime's cumulative allocation
 * (`otelcol_process_runtime_total_alloc_bytes`) has no counterpart here: V8 does not keep it.
 * Returns the function that takes them out again.
 */
export function registerProcessMetrics(registry: TelemetryRegistry): () => void {
  const telemetry = registry.process();
  telemetry.observableCounter(
    'otelcol_process_uptime',
    { description: 'Uptime of the process', unit: 's' },
    () => process.uptime(),
  );
  telemetry.observableCounter(
    'otelcol_process_cpu_seconds',
    { description: 'Total CPU user and system time of all threads', unit: 's' },
    cpuSeconds,
  );
  telemetry.gauge(
    'otelcol_process_memory_rss',
    { description: 'Total physical memory (resident set size)', unit: 'By' },
    () => process.memoryUsage.rss(),
  );
  telemetry.gauge(
    'otelcol_process_runtime_heap_alloc_bytes',
    { description: 'Bytes of allocated heap objects (used_heap_size of V8), of all threads', unit: 'By' },
    () => processMemory().heapUsedBytes,
  );
  telemetry.gauge(
    'otelcol_process_runtime_total_sys_memory_bytes',
    {
      description:
        "Bytes that V8 got from the system: its heaps and its buffers, of all threads, and the main thread's other memory",
      unit: 'By',
    },
    systemBytes,
  );
  return () => telemetry.close();
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function systemBytes(): number {
  const { heapTotalBytes, bufferBytes } = processMemory();
  const { external, arrayBuffers } = process.memoryUsage();
  return heapTotalBytes + bufferBytes + external - arrayBuffers + getHeapStatistics().malloced_memory;
}

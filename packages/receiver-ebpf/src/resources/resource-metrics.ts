/** The metrics of what a cgroup uses: what each is, and where its values come from. */
import {
  ATTR_CONTAINER_MEMORY_EVENT,
  ATTR_CPU_MODE,
  ATTR_DISK_IO_DIRECTION,
  ATTR_SYSTEM_PAGING_FAULT_TYPE,
  EncodedAttribute,
  METRIC_CONTAINER_CPU_PERIODS,
  METRIC_CONTAINER_CPU_PRESSURE_TIME,
  METRIC_CONTAINER_CPU_THROTTLED_PERIODS,
  METRIC_CONTAINER_CPU_THROTTLED_TIME,
  METRIC_CONTAINER_CPU_TIME,
  METRIC_CONTAINER_CPU_USAGE,
  METRIC_CONTAINER_CPU_WAIT_TIME,
  METRIC_CONTAINER_DISK_IO,
  METRIC_CONTAINER_DISK_OPERATIONS,
  METRIC_CONTAINER_MEMORY_AVAILABLE,
  METRIC_CONTAINER_MEMORY_EVENTS,
  METRIC_CONTAINER_MEMORY_OOM_KILLS,
  METRIC_CONTAINER_MEMORY_RSS,
  METRIC_CONTAINER_MEMORY_USAGE,
  METRIC_CONTAINER_MEMORY_WORKING_SET,
  METRIC_CONTAINER_PAGING_FAULTS,
  METRIC_CONTAINER_THREAD_COUNT,
  METRIC_CONTAINER_UPTIME,
  type MetricHead,
} from '@tributary/core';
import { DISK } from './parse.ts';
import { COUNTER, GAUGE } from './reading.ts';

const CUMULATIVE = 2;

/** One data point: which value it is, and what tells it from the metric's others. */
export interface PointSource {
  readonly index: number;
  readonly attribute?: EncodedAttribute;
}

/** A metric that is the sum of something, or the present value of something that comes and goes. */
export interface MetricSource {
  readonly head: MetricHead<'sum'>;
  /** Whether the values are whole numbers; seconds are not. */
  readonly isInteger: boolean;
  readonly points: readonly PointSource[];
}

/** The metrics of containers or of units. */
export interface ResourceMetrics {
  /** The indexes of their points are of COUNTER. */
  readonly counters: readonly MetricSource[];
  /** Of GAUGE. */
  readonly gauges: readonly MetricSource[];
  /** Of DISK. */
  readonly disks: readonly MetricSource[];
  readonly cpuUsage: MetricHead<'gauge'>;
  readonly uptime: MetricHead<'gauge'>;
}

const points = (key: string, values: Readonly<Record<string, number>>): PointSource[] =>
  Object.entries(values).map(([value, index]) => ({ index, attribute: new EncodedAttribute(key, value) }));

const sum = (
  name: string,
  unit: string,
  description: string,
  from: readonly PointSource[] | number,
  isMonotonic = true,
): MetricSource => ({
  head: { type: 'sum', name, unit, description, aggregationTemporality: CUMULATIVE, isMonotonic },
  isInteger: unit !== 's',
  points: typeof from === 'number' ? [{ index: from }] : from,
});

const level = (name: string, unit: string, description: string, index: number): MetricSource =>
  sum(name, unit, description, index, false);

const CONTAINER_METRICS: ResourceMetrics = {
  counters: [
    sum(
      METRIC_CONTAINER_CPU_TIME,
      's',
      'CPU time consumed.',
      points(ATTR_CPU_MODE, { user: COUNTER.cpuUser, system: COUNTER.cpuSystem }),
    ),
    sum(
      METRIC_CONTAINER_CPU_PRESSURE_TIME,
      's',
      'Time in which at least one task was ready to run and waited for a CPU.',
      COUNTER.cpuPressure,
    ),
    sum(
      METRIC_CONTAINER_CPU_WAIT_TIME,
      's',
      'Time that tasks were ready to run and waited for a CPU, all waits added.',
      COUNTER.cpuWait,
    ),
    sum(
      METRIC_CONTAINER_CPU_PERIODS,
      '{period}',
      'Periods in which a limit on CPU time was enforced.',
      COUNTER.periods,
    ),
    sum(
      METRIC_CONTAINER_CPU_THROTTLED_PERIODS,
      '{period}',
      'Periods in which the limit on CPU time was reached.',
      COUNTER.throttledPeriods,
    ),
    sum(
      METRIC_CONTAINER_CPU_THROTTLED_TIME,
      's',
      'Time that CPUs were withheld because the limit was reached.',
      COUNTER.throttledTime,
    ),
    sum(
      METRIC_CONTAINER_PAGING_FAULTS,
      '{fault}',
      'Page faults.',
      points(ATTR_SYSTEM_PAGING_FAULT_TYPE, { minor: COUNTER.minorFaults, major: COUNTER.majorFaults }),
    ),
    sum(
      METRIC_CONTAINER_MEMORY_EVENTS,
      '{event}',
      'How often a limit on memory was met.',
      points(ATTR_CONTAINER_MEMORY_EVENT, {
        low: COUNTER.memoryLow,
        high: COUNTER.memoryHigh,
        max: COUNTER.memoryMax,
        oom: COUNTER.memoryOom,
      }),
    ),
    sum(
      METRIC_CONTAINER_MEMORY_OOM_KILLS,
      '{process}',
      'Processes that the kernel killed for want of memory.',
      COUNTER.oomKills,
    ),
  ],
  gauges: [
    level(METRIC_CONTAINER_MEMORY_USAGE, 'By', 'Memory usage.', GAUGE.memoryUsage),
    level(
      METRIC_CONTAINER_MEMORY_WORKING_SET,
      'By',
      'Memory usage without file pages that were not used lately.',
      GAUGE.memoryWorkingSet,
    ),
    level(METRIC_CONTAINER_MEMORY_RSS, 'By', 'Memory that is of no file.', GAUGE.memoryRss),
    level(
      METRIC_CONTAINER_MEMORY_AVAILABLE,
      'By',
      'What the limit leaves above the working set.',
      GAUGE.memoryAvailable,
    ),
    level(METRIC_CONTAINER_THREAD_COUNT, '{thread}', 'Processes and their threads.', GAUGE.threads),
  ],
  disks: [
    sum(
      METRIC_CONTAINER_DISK_IO,
      'By',
      'Bytes read from and written to disks.',
      points(ATTR_DISK_IO_DIRECTION, { read: DISK.readBytes, write: DISK.writtenBytes }),
    ),
    sum(
      METRIC_CONTAINER_DISK_OPERATIONS,
      '{operation}',
      'Reads and writes of disks.',
      points(ATTR_DISK_IO_DIRECTION, { read: DISK.reads, write: DISK.writes }),
    ),
  ],
  cpuUsage: {
    type: 'gauge',
    name: METRIC_CONTAINER_CPU_USAGE,
    unit: '{cpu}',
    description: 'CPUs used since the reading before.',
  },
  uptime: {
    type: 'gauge',
    name: METRIC_CONTAINER_UPTIME,
    unit: 's',
    description: 'Time since the cgroup was made.',
  },
};

/** The metrics of a container, or the same of a unit under its own names. */
export function resourceMetrics(kind: 'container' | 'systemd.unit'): ResourceMetrics {
  const head = <Head extends MetricHead>(of: Head): Head => ({
    ...of,
    name: of.name.replace(/^container/, kind),
  });
  const all = (sources: readonly MetricSource[]): MetricSource[] =>
    sources.map((source) => ({ ...source, head: head(source.head) }));
  const { counters, gauges, disks, cpuUsage, uptime } = CONTAINER_METRICS;
  return {
    counters: all(counters),
    gauges: all(gauges),
    disks: all(disks),
    cpuUsage: head(cpuUsage),
    uptime: head(uptime),
  };
}

/** Writes what cgroups use as OTLP metrics, a resource for each. */
import os from 'node:os';
import {
  ATTR_CONTAINER_ID,
  ATTR_HOST_NAME,
  ATTR_K8S_POD_UID,
  ATTR_PROCESS_LINUX_CGROUP,
  ATTR_SYSTEM_DEVICE,
  ATTR_SYSTEMD_UNIT_NAME,
  ATTR_SYSTEMD_USER_UNIT_NAME,
  type Batch,
  EncodedKey,
  MetricsWriter,
} from '@tributary/core';
import { SCOPE_NAME } from '../scope-name.ts';
import { DeviceNames } from './device-names.ts';
import { COUNTER, type Reading } from './reading.ts';
import { type MetricSource, type ResourceMetrics, resourceMetrics } from './resource-metrics.ts';
import type { Sums } from './sums.ts';
import type { ReadingTime, WatchedCgroup } from './watched-cgroup.ts';

const DEVICE = new EncodedKey(ATTR_SYSTEM_DEVICE);
const CONTAINER = resourceMetrics('container');
const UNIT = resourceMetrics('systemd.unit');

/** What the writer is told once. */
export interface ResourceWriterOptions {
  readonly version: string;
  readonly hostName?: string;
}

/** Gathers what cgroups use into a batch. */
export class ResourceWriter {
  readonly #writer = new MetricsWriter();
  readonly #devices = new DeviceNames();
  readonly #version: string;
  readonly #hostName: string;

  constructor({ version, hostName = os.hostname() }: ResourceWriterOptions) {
    this.#version = version;
    this.#hostName = hostName;
  }

  /** How many data points are in the batch. */
  get itemCount(): number {
    return this.#writer.itemCount;
  }

  /** Adds a reading of `cgroup`. */
  write(cgroup: WatchedCgroup, reading: Reading, time: ReadingTime): void {
    const { containerId, podUid, unit, userUnit } = cgroup.facts;
    this.#writer.resource({
      [ATTR_HOST_NAME]: this.#hostName,
      [ATTR_CONTAINER_ID]: containerId,
      [ATTR_K8S_POD_UID]: podUid,
      [ATTR_SYSTEMD_UNIT_NAME]: unit,
      [ATTR_SYSTEMD_USER_UNIT_NAME]: userUnit,
      [ATTR_PROCESS_LINUX_CGROUP]: cgroup.path,
    });
    this.#writer.scope(SCOPE_NAME, this.#version);
    const metrics = containerId === undefined ? UNIT : CONTAINER;
    const { values, startsUnixNano } = cgroup.sums;
    // Without a limit there is nothing to enforce, and nothing to say of it.
    const isLimited = (values[COUNTER.periods] as number) > 0;
    for (const source of metrics.counters) {
      if (!isLimited && ENFORCEMENT.has(source.points[0]?.index)) continue;
      this.#writeSum(source, values, startsUnixNano, time);
    }
    for (const source of metrics.gauges) this.#writeSum(source, reading.gauges, cgroup.startUnixNano, time);
    if (cgroup.disks.size > 0) this.#writeDisks(metrics, cgroup.disks, time);
    this.#writeGauge(metrics.cpuUsage, cgroup.cpuUsage, time);
    this.#writeGauge(metrics.uptime, Number(time.unixNano - cgroup.startUnixNano) / 1e9, time);
  }

  /** The batch of all that was written; undefined if that is nothing. */
  finish(): Batch | undefined {
    return this.#writer.finish();
  }

  #writeSum(
    { head, isInteger, points }: MetricSource,
    values: Float64Array,
    starts: BigInt64Array | bigint,
    time: ReadingTime,
  ): void {
    if (points.every(({ index }) => Number.isNaN(values[index]))) return;
    this.#writer.beginMetric(head);
    for (const { index, attribute } of points) {
      const value = values[index] as number;
      if (Number.isNaN(value)) continue;
      const start = typeof starts === 'bigint' ? starts : (starts[index] as bigint);
      this.#writer.beginPoint(start, time.unixNano);
      if (attribute !== undefined) this.#writer.attributeEncoded(attribute);
      this.#setValue(value, isInteger);
      this.#writer.endPoint();
    }
    this.#writer.endMetric();
  }

  #writeDisks(metrics: ResourceMetrics, disks: ReadonlyMap<string, Sums>, time: ReadingTime): void {
    const writer = this.#writer;
    for (const { head, isInteger, points } of metrics.disks) {
      writer.beginMetric(head);
      for (const [device, { values, startsUnixNano }] of disks) {
        const name = this.#devices.nameOf(device);
        for (const { index, attribute } of points) {
          const value = values[index] as number;
          if (Number.isNaN(value)) continue;
          writer.beginPoint(startsUnixNano[index] as bigint, time.unixNano);
          writer.attributeString(DEVICE, name);
          if (attribute !== undefined) writer.attributeEncoded(attribute);
          this.#setValue(value, isInteger);
          writer.endPoint();
        }
      }
      writer.endMetric();
    }
  }

  #writeGauge(head: ResourceMetrics['uptime'], value: number, time: ReadingTime): void {
    if (!Number.isFinite(value)) return;
    this.#writer.beginMetric(head);
    this.#writer.beginPoint(0n, time.unixNano);
    this.#writer.setDouble(value);
    this.#writer.endPoint();
    this.#writer.endMetric();
  }

  #setValue(value: number, isInteger: boolean): void {
    if (isInteger && Number.isSafeInteger(value)) this.#writer.setInt(value);
    else this.#writer.setDouble(value);
  }
}

const ENFORCEMENT: ReadonlySet<number | undefined> = new Set([
  COUNTER.periods,
  COUNTER.throttledPeriods,
  COUNTER.throttledTime,
]);

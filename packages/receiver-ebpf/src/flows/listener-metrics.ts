/** Writes what listening sockets lost as metrics. */
import os from 'node:os';
import {
  ATTR_HOST_NAME,
  ATTR_NETWORK_LOCAL_ADDRESS,
  ATTR_NETWORK_LOCAL_PORT,
  ATTR_NETWORK_NAMESPACE_INODE,
  ATTR_NETWORK_TRANSPORT,
  ATTR_NETWORK_TYPE,
  ATTR_PROCESS_EXECUTABLE_NAME,
  ATTR_PROCESS_PID,
  type Batch,
  EncodedAttribute,
  EncodedKey,
  METRIC_NETWORK_LISTENER_DROPS,
  METRIC_NETWORK_LISTENER_UNANSWERED,
  MetricsWriter,
} from '@tributary/core';
import type { CgroupNames } from '../cgroups/cgroup-names.ts';
import { SCOPE_NAME } from '../scope-name.ts';
import { decodeListenerRecord, type ListenerRecord } from './records/listener-record.ts';

/** More listeners than this are not counted. */
const MAX_LISTENERS = 10_000;

/** What did not grow for so long is forgotten, in nanoseconds. */
const IDLE_NS = 10n * 60n * 1_000_000_000n;

const AGGREGATION_TEMPORALITY_CUMULATIVE = 2;

const METRICS = [
  {
    count: 'drops',
    name: METRIC_NETWORK_LISTENER_DROPS,
    description:
      'Packets of handshakes, SYNs and last ACKs, that a listening socket dropped, mostly because its queue was full.',
    unit: '{packet}',
  },
  {
    count: 'unanswered',
    name: METRIC_NETWORK_LISTENER_UNANSWERED,
    description: 'Handshakes at a listening socket whose SYN-ACK was sent a last time without an answer.',
    unit: '{handshake}',
  },
] as const;

const TCP = new EncodedAttribute(ATTR_NETWORK_TRANSPORT, 'tcp');
const IPV4 = new EncodedAttribute(ATTR_NETWORK_TYPE, 'ipv4');
const IPV6 = new EncodedAttribute(ATTR_NETWORK_TYPE, 'ipv6');
const ADDRESS = new EncodedKey(ATTR_NETWORK_LOCAL_ADDRESS);
const PORT = new EncodedKey(ATTR_NETWORK_LOCAL_PORT);
const NAMESPACE = new EncodedKey(ATTR_NETWORK_NAMESPACE_INODE);
const PID = new EncodedKey(ATTR_PROCESS_PID);
const EXECUTABLE_NAME = new EncodedKey(ATTR_PROCESS_EXECUTABLE_NAME);

/** What the writer is told once. */
export interface ListenerMetricsOptions {
  readonly version: string;
  readonly cgroups: CgroupNames;
  readonly hostName?: string;
}

/** What is told of listening sockets that are alike in all that a data point says. */
interface Series {
  listener: ListenerRecord;
  /** Undefined until the first sweep with it is over. */
  startUnixNs: bigint | undefined;
  drops: number;
  unanswered: number;
  /** Of the present sweep. */
  newDrops: number;
  newUnanswered: number;
  /** CLOCK_MONOTONIC in nanoseconds. */
  changedNs: bigint;
}

/**
 * Gathers the records of sweeps. Sockets that are alike in all that a data point says (several of one process, by
 * SO_REUSEPORT) are one series; it goes on for ten minutes after it last grew.
 */
export class ListenerMetrics {
  readonly #writer = new MetricsWriter();
  readonly #options: ListenerMetricsOptions;
  readonly #series = new Map<string, Series>();
  /** When the last sweep was over. */
  #last = { ns: 0n, unixNs: 0n };

  constructor(options: ListenerMetricsOptions) {
    this.#options = options;
  }

  /** Adds the record at `offset`: or tells that it is none of ours, or that there are too many. */
  add(view: DataView, offset: number): 'taken' | 'unreadable' | 'full' {
    const record = decodeListenerRecord(view, offset);
    if (record === undefined) return 'unreadable';
    const key = `${record.networkNamespace} ${record.address} ${record.port} ${record.pid} ${record.cgroupId}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= MAX_LISTENERS) return 'full';
      series = {
        listener: record,
        startUnixNs: undefined,
        drops: 0,
        unanswered: 0,
        newDrops: 0,
        newUnanswered: 0,
        changedNs: 0n,
      };
      this.#series.set(key, series);
    }
    const { lastNs } = series.listener;
    series.listener = { ...record, lastNs: lastNs < record.lastNs ? lastNs : record.lastNs };
    series.newDrops += record.drops;
    series.newUnanswered += record.unanswered;
    series.changedNs = record.timeNs;
    return 'taken';
  }

  /**
   * A sweep is over, at `nowNs` of CLOCK_MONOTONIC: all that was counted so far; undefined if there is nothing. Add
   * `monotonicToUnixNs` to a time to make it Unix time.
   */
  finish(nowNs: bigint, monotonicToUnixNs: bigint): Batch | undefined {
    const nowUnixNs = nowNs + monotonicToUnixNs;
    // The clock was set back: all begin anew, for their time runs on.
    if (nowUnixNs <= this.#last.unixNs) this.#restart(this.#last.ns + monotonicToUnixNs);
    this.#last = { ns: nowNs, unixNs: nowUnixNs };
    for (const [key, series] of this.#series) {
      series.startUnixNs ??= series.listener.lastNs + monotonicToUnixNs;
      series.drops += series.newDrops;
      series.unanswered += series.newUnanswered;
      series.newDrops = 0;
      series.newUnanswered = 0;
      if (nowNs - series.changedNs > IDLE_NS) this.#series.delete(key);
    }
    return this.#series.size === 0 ? undefined : this.#write(nowUnixNs);
  }

  #restart(startUnixNs: bigint): void {
    for (const series of this.#series.values()) {
      if (series.startUnixNs === undefined) continue;
      series.startUnixNs = startUnixNs;
      series.drops = 0;
      series.unanswered = 0;
    }
  }

  #write(timeUnixNs: bigint): Batch | undefined {
    const { version, hostName = os.hostname() } = this.#options;
    this.#writer.resource({ [ATTR_HOST_NAME]: hostName });
    this.#writer.scope(SCOPE_NAME, version);
    for (const { count, name, description, unit } of METRICS) {
      const all = [...this.#series.values()].filter((series) => series[count] > 0);
      if (all.length === 0) continue;
      this.#writer.beginMetric({
        type: 'sum',
        name,
        description,
        unit,
        aggregationTemporality: AGGREGATION_TEMPORALITY_CUMULATIVE,
        isMonotonic: true,
      });
      for (const series of all) this.#writePoint(series, series[count], timeUnixNs);
      this.#writer.endMetric();
    }
    return this.#writer.finish();
  }

  #writePoint({ listener, startUnixNs }: Series, value: number, timeUnixNs: bigint): void {
    const writer = this.#writer;
    writer.beginPoint(startUnixNs ?? timeUnixNs, timeUnixNs);
    writer.setInt(value);
    writer.attributeEncoded(TCP);
    writer.attributeEncoded(listener.isIpv4 ? IPV4 : IPV6);
    writer.attributeString(ADDRESS, listener.address);
    writer.attributeInt(PORT, listener.port);
    writer.attributeInt(NAMESPACE, listener.networkNamespace);
    if (listener.pid !== 0) {
      writer.attributeInt(PID, listener.pid);
      if (listener.executable !== '') writer.attributeString(EXECUTABLE_NAME, listener.executable);
    }
    const cgroup = this.#options.cgroups.find(listener.cgroupId, listener.pid, listener.processStarted);
    for (const attribute of cgroup?.attributes ?? []) writer.attributeEncoded(attribute);
    writer.endPoint();
  }
}

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

/** More listeners than this do not report at once. */
const MAX_LISTENERS = 10_000;

const AGGREGATION_TEMPORALITY_DELTA = 1;

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

/**
 * Gathers the records of one sweep. Sockets that are alike in all that a data point says (several of one process, by
 * SO_REUSEPORT) become one.
 */
export class ListenerMetrics {
  readonly #writer = new MetricsWriter();
  readonly #options: ListenerMetricsOptions;
  readonly #listeners = new Map<string, ListenerRecord>();

  constructor(options: ListenerMetricsOptions) {
    this.#options = options;
  }

  /** Adds the record at `offset`: or tells that it is none of ours, or that there are too many. */
  add(view: DataView, offset: number): 'taken' | 'unreadable' | 'full' {
    const record = decodeListenerRecord(view, offset);
    if (record === undefined) return 'unreadable';
    const key = `${record.networkNamespace} ${record.address} ${record.port} ${record.pid} ${record.cgroupId}`;
    const known = this.#listeners.get(key);
    if (known === undefined && this.#listeners.size >= MAX_LISTENERS) return 'full';
    this.#listeners.set(key, known === undefined ? record : merge(known, record));
    return 'taken';
  }

  /** The metrics of all that was added since the last call; undefined if there is nothing. */
  finish(monotonicToUnixNs: bigint): Batch | undefined {
    if (this.#listeners.size === 0) return undefined;
    const { version, hostName = os.hostname() } = this.#options;
    this.#writer.resource({ [ATTR_HOST_NAME]: hostName });
    this.#writer.scope(SCOPE_NAME, version);
    for (const { count, name, description, unit } of METRICS) {
      const listeners = [...this.#listeners.values()].filter((listener) => listener[count] > 0);
      if (listeners.length === 0) continue;
      this.#writer.beginMetric({
        type: 'sum',
        name,
        description,
        unit,
        aggregationTemporality: AGGREGATION_TEMPORALITY_DELTA,
        isMonotonic: true,
      });
      for (const listener of listeners) this.#writePoint(listener, listener[count], monotonicToUnixNs);
      this.#writer.endMetric();
    }
    this.#listeners.clear();
    return this.#writer.finish();
  }

  #writePoint(listener: ListenerRecord, value: number, monotonicToUnixNs: bigint): void {
    const writer = this.#writer;
    writer.beginPoint(listener.lastNs + monotonicToUnixNs, listener.timeNs + monotonicToUnixNs);
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

function merge(one: ListenerRecord, other: ListenerRecord): ListenerRecord {
  return {
    ...other,
    lastNs: one.lastNs < other.lastNs ? one.lastNs : other.lastNs,
    drops: one.drops + other.drops,
    unanswered: one.unanswered + other.unanswered,
  };
}

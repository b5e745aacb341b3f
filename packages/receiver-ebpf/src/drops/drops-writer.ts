/** Writes the counts of dropped packets as data points of `network.flow.drops`. */
import os from 'node:os';
import {
  ATTR_HOST_NAME,
  ATTR_NETWORK_DROP_REASON,
  ATTR_NETWORK_INTERFACE_NAME,
  ATTR_NETWORK_IO_DIRECTION,
  ATTR_NETWORK_NAMESPACE_INODE,
  ATTR_NETWORK_TRANSPORT,
  ATTR_NETWORK_TYPE,
  type Batch,
  EncodedAttribute,
  EncodedKey,
  METRIC_NETWORK_FLOW_DROPS,
  MetricsWriter,
} from '@tributary/core';
import { DROP_DIRECTION } from '../generated/drops-layout.ts';
import { SCOPE_NAME } from '../scope-name.ts';
import type { DropReasons } from './drop-reasons.ts';
import type { DropSeries } from './drop-series.ts';

/** `AGGREGATION_TEMPORALITY_CUMULATIVE` of OTLP. */
const CUMULATIVE = 2;

const REASON = new EncodedKey(ATTR_NETWORK_DROP_REASON);
const INTERFACE = new EncodedKey(ATTR_NETWORK_INTERFACE_NAME);
const NAMESPACE = new EncodedKey(ATTR_NETWORK_NAMESPACE_INODE);

const DIRECTIONS: Readonly<Record<number, EncodedAttribute>> = {
  [DROP_DIRECTION.DROP_RECEIVE]: new EncodedAttribute(ATTR_NETWORK_IO_DIRECTION, 'receive'),
  [DROP_DIRECTION.DROP_TRANSMIT]: new EncodedAttribute(ATTR_NETWORK_IO_DIRECTION, 'transmit'),
};

const TYPES: Readonly<Record<number, EncodedAttribute>> = {
  4: new EncodedAttribute(ATTR_NETWORK_TYPE, 'ipv4'),
  6: new EncodedAttribute(ATTR_NETWORK_TYPE, 'ipv6'),
};

/** By IP protocol number: https://www.iana.org/assignments/protocol-numbers */
const TRANSPORTS: Readonly<Record<number, EncodedAttribute>> = {
  1: new EncodedAttribute(ATTR_NETWORK_TRANSPORT, 'icmp'),
  6: new EncodedAttribute(ATTR_NETWORK_TRANSPORT, 'tcp'),
  17: new EncodedAttribute(ATTR_NETWORK_TRANSPORT, 'udp'),
  58: new EncodedAttribute(ATTR_NETWORK_TRANSPORT, 'icmpv6'),
  132: new EncodedAttribute(ATTR_NETWORK_TRANSPORT, 'sctp'),
};

/** What the writer is told once. */
export interface DropsWriterOptions {
  readonly version: string;
  readonly reasons: Pick<DropReasons, 'nameOf'>;
  readonly hostName?: string;
}

/** Makes batches of data points. */
export class DropsWriter {
  readonly #writer = new MetricsWriter();
  readonly #options: DropsWriterOptions;
  readonly #hostName: string;

  constructor(options: DropsWriterOptions) {
    this.#options = options;
    this.#hostName = options.hostName ?? os.hostname();
  }

  /** The batch with a data point for each of `all`, as of `timeUnixNs`; undefined if there are none. */
  write(all: Iterable<DropSeries>, timeUnixNs: bigint): Batch | undefined {
    const writer = this.#writer;
    let hasPoints = false;
    for (const series of all) {
      if (!hasPoints) this.#begin();
      hasPoints = true;
      this.#writePoint(series, timeUnixNs);
    }
    if (!hasPoints) return undefined;
    writer.endMetric();
    return writer.finish();
  }

  #begin(): void {
    const writer = this.#writer;
    writer.resource({ [ATTR_HOST_NAME]: this.#hostName });
    writer.scope(SCOPE_NAME, this.#options.version);
    writer.beginMetric({
      type: 'sum',
      name: METRIC_NETWORK_FLOW_DROPS,
      description: 'Packets that the kernel dropped.',
      unit: '{packet}',
      aggregationTemporality: CUMULATIVE,
      isMonotonic: true,
    });
  }

  #writePoint(series: DropSeries, timeUnixNs: bigint): void {
    const writer = this.#writer;
    writer.beginPoint(series.startUnixNs, timeUnixNs);
    writer.setInt(series.packets);
    writer.attributeString(REASON, this.#options.reasons.nameOf(series.reason));
    this.#writeIfKnown(DIRECTIONS[series.direction]);
    this.#writeIfKnown(TRANSPORTS[series.transport]);
    this.#writeIfKnown(TYPES[series.ipVersion]);
    if (series.interfaceName !== '') writer.attributeString(INTERFACE, series.interfaceName);
    if (series.networkNamespace !== 0) writer.attributeInt(NAMESPACE, series.networkNamespace);
    for (const attribute of series.cgroup?.attributes ?? []) writer.attributeEncoded(attribute);
    writer.endPoint();
  }

  #writeIfKnown(attribute: EncodedAttribute | undefined): void {
    if (attribute !== undefined) this.#writer.attributeEncoded(attribute);
  }
}

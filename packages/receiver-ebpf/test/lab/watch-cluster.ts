import type { Batch, Consumer } from '@tributary/core';
import type { Cluster } from '@tributary/lab';
import { findSoon } from '../kernel/find-soon.ts';
import { type Flow, watching } from '../kernel/watch.ts';

/** What the receiver reports of one cluster while a test runs. */
export interface ClusterWatch {
  /** The flow records of the cluster's connections so far, in order, without those of its resolver. */
  readonly flows: readonly Flow[];
  /** Waits until so many records of ended connections have come, and returns what each end saw. */
  untilClosed(ends: number): Promise<Seen[]>;
}

/** All connections from one container to one place, as one of their ends saw them. */
export interface Seen {
  readonly observer: string;
  /** The container whose socket it is, as `pod/container`; what the record has where it is none of the cluster's. */
  readonly container: string;
  readonly destination: string;
  readonly connections: number;
  readonly sourceBytes: number;
  readonly destinationBytes: number;
  readonly ends: Readonly<Record<string, number>>;
}

/** Runs the receiver's flows over a cluster while `work` runs. */
export async function watchingCluster(
  cluster: Cluster,
  work: (watch: ClusterWatch) => Promise<void>,
): Promise<void> {
  const flows: Flow[] = [];
  const consumer: Consumer = {
    consume: (batch: Batch) => {
      for (const record of batch.records()) {
        if (record.kindOf !== 'log') continue;
        const flow = record.attributes.toObject() as Flow;
        if (cluster.has(String(flow['source.address'])) && flow['destination.port'] !== 53) flows.push(flow);
      }
    },
  };
  await watching(
    () =>
      work({
        flows,
        untilClosed: (ends) => {
          const closed = (): number => flows.filter((flow) => flow['flow.state'] === 'closed').length;
          return findSoon(
            () => (closed() >= ends ? seen(cluster, flows) : undefined),
            () => `only ${closed()} of ${ends} ends came: ${JSON.stringify(seen(cluster, flows), null, 2)}`,
          );
        },
      }),
    { consumer },
  );
}

/** Connections from a container to another, directly or through a service, and what was made of them. */
export interface Made {
  /** `pod/container`, both in the namespace `default`. */
  readonly from: string;
  readonly to: string;
  /** The service that was called; if none, the pod itself was. */
  readonly service?: string;
  /** The port of a pod that was called itself. */
  readonly port?: number;
  readonly family?: 4 | 6;
  readonly made: { readonly connections: number; readonly sentBytes: number; readonly receivedBytes: number };
}

/** What both ends must have seen of connections that were closed in order: the source the service, if it called one. */
export function bothEnds(cluster: Cluster, { from, to, service, port, family = 4, made }: Made): Seen[] {
  const addressOf = (it: { ip: string; ip6: string } | undefined): string =>
    (family === 4 ? it?.ip : it?.ip6) ?? '';
  const called = service === undefined ? undefined : cluster.service(service);
  const servicePort = called?.description.ports[0];
  const targetPort = servicePort?.targetPort ?? servicePort?.port ?? port;
  const target = `${addressOf(cluster.pod(to.split('/')[0] ?? ''))}:${targetPort}`;
  const counts = {
    connections: made.connections,
    sourceBytes: made.sentBytes,
    destinationBytes: made.receivedBytes,
    ends: { closed: made.connections },
  };
  return [
    {
      observer: 'source',
      container: from,
      destination: called === undefined ? target : `${addressOf(called.addresses)}:${servicePort?.port}`,
      ...counts,
    },
    { observer: 'destination', container: to, destination: target, ...counts },
  ];
}

/** In an order of their own, for records come in the order in which connections ended. */
export function sorted(all: readonly Seen[]): Seen[] {
  const key = ({ container, destination, observer }: Seen): string =>
    `${container} ${destination} ${observer}`;
  return all.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What each end saw of all connections. */
function seen(cluster: Cluster, flows: readonly Flow[]): Seen[] {
  const groups = new Map<string, Seen>();
  for (const flow of flows) {
    const observer = String(flow['flow.observer']);
    const container = containerName(cluster, flow);
    const destination = `${flow['destination.address']}:${flow['destination.port']}`;
    const key = `${container} ${destination} ${observer}`;
    const group = groups.get(key);
    const end = flow['flow.end_reason'];
    const ends = { ...group?.ends };
    if (end !== undefined) ends[end] = (ends[end] ?? 0) + 1;
    groups.set(key, {
      observer,
      container,
      destination,
      connections: (group?.connections ?? 0) + (flow['flow.state'] === 'closed' ? 1 : 0),
      sourceBytes: (group?.sourceBytes ?? 0) + Number(flow['flow.source.bytes'] ?? 0),
      destinationBytes: (group?.destinationBytes ?? 0) + Number(flow['flow.destination.bytes'] ?? 0),
      ends,
    });
  }
  return [...groups.values()];
}

/** The container by its id; it must have the cgroup's path as well, or the record is wrong and says so here. */
function containerName(cluster: Cluster, flow: Flow): string {
  for (const pod of cluster.pods) {
    for (const container of pod.containers.values()) {
      if (flow['container.id'] !== container.id) continue;
      if (flow['process.linux.cgroup'] !== container.cgroup) break;
      return `${pod.name}/${container.name}`;
    }
  }
  return `${flow['container.id']} in ${flow['process.linux.cgroup']}`;
}

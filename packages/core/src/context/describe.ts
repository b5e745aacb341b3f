/**
 * What the context knows of one key, for people who look: all claims with their times, and who held it at one of them.
 * Looking changes nothing, and counts as no question.
 */
import {
  type AddressKey,
  addressKey,
  addressText,
  endpointKey,
  type NetworkTransport,
  portKey,
} from './address-key.ts';
import type { Claim, ClaimCounts } from './claim-table.ts';
import { type Context, nameKey } from './context.ts';
import { describeEntity, type EntityDescription } from './describe-entity.ts';
import type { SourceState } from './sources.ts';

/** What can be looked up. `pod` is a uid or `namespace/name`; `workload` a uid; the others have the table's own key. */
export const CONTEXT_KEYS = [
  'address',
  'container',
  'cgroup',
  'pod',
  'node',
  'namespace',
  'workload',
] as const;

/** What somebody wants to know. */
export interface ContextQuestion {
  readonly key: (typeof CONTEXT_KEYS)[number];
  readonly value: string;
  /** Of an address: the Services at this port of it as well. */
  readonly port?: number;
  readonly transport?: NetworkTransport;
  /** Of an address: the DNS name by which this client knows it as well. */
  readonly client?: string;
  /** The time asked about, in milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** That something held a key; times in ISO 8601, null where there is no end to tell. */
export interface ClaimDescription {
  readonly from: string | null;
  readonly to: string | null;
  readonly value: EntityDescription;
}

/** What one table knows. */
export interface TableDescription {
  readonly table: string;
  readonly key: string;
  /** What held the key at the time asked about: null if nothing did, or more than one. */
  readonly held: EntityDescription | null;
  /** Whether several claimed it, so that the answer is that there is none. */
  readonly is_ambiguous: boolean;
  /** The newest first. */
  readonly claims: readonly ClaimDescription[];
}

/** Everything that is told. */
export interface ContextDescription {
  readonly at: string | null;
  /** Tables that know nothing of the key are left out. */
  readonly found: readonly TableDescription[];
  readonly sources: readonly {
    readonly name: string;
    readonly state: SourceState;
    readonly since: string | null;
  }[];
  readonly tables: Readonly<Record<string, ClaimCounts>>;
}

interface Look {
  readonly table: string;
  readonly key: string;
  readonly claims: readonly Claim<Parameters<typeof describeEntity>[1]>[];
}

/** Looks a key up. A value that cannot be a key (`address` that is none) finds nothing. */
export function describeContext(context: Context, question: ContextQuestion): ContextDescription {
  const found: TableDescription[] = [];
  for (const look of looks(context, question)) {
    if (look.claims.length > 0) found.push(describeTable(context, look, question.atMs));
  }
  return {
    at: isoTime(question.atMs),
    found,
    sources: context.sources.list().map(({ name, state, since }) => ({ name, state, since: isoTime(since) })),
    tables: Object.fromEntries(Object.entries(context.tables()).map(([name, { counts }]) => [name, counts])),
  };
}

function looks(context: Context, question: ContextQuestion): readonly Look[] {
  const { key, value } = question;
  switch (key) {
    case 'address': {
      const address = addressKey(value);
      return address === undefined ? [] : addressLooks(context, address, question);
    }
    case 'container':
      return [{ table: 'containers', key: value, claims: context.containers.claimsOf(value) }];
    case 'cgroup':
      return [{ table: 'cgroups', key: value, claims: context.cgroups.claimsOf(Number(value)) }];
    case 'pod':
      return value.includes('/')
        ? [{ table: 'pod_names', key: value, claims: context.podNames.claimsOf(value) }]
        : [{ table: 'pods', key: value, claims: context.pods.claimsOf(value) }];
    case 'node':
      return [{ table: 'nodes', key: value, claims: context.nodes.claimsOf(value) }];
    case 'namespace':
      return [{ table: 'namespaces', key: value, claims: context.namespaces.claimsOf(value) }];
    case 'workload':
      return [{ table: 'workloads', key: value, claims: context.workloads.claimsOf(value) }];
  }
}

function addressLooks(context: Context, address: AddressKey, question: ContextQuestion): readonly Look[] {
  const { port, transport = 'tcp', client } = question;
  const text = addressText(address);
  const found: Look[] = [
    { table: 'addresses', key: text, claims: context.addresses.claimsOf(address) },
    { table: 'node_addresses', key: text, claims: context.nodeAddresses.claimsOf(address) },
    { table: 'service_addresses', key: text, claims: context.serviceAddresses.claimsOf(address) },
  ];
  if (port !== undefined) {
    const key = `${port}/${transport}`;
    const endpoint = endpointKey(address, port, transport);
    found.push(
      { table: 'endpoints', key: `${text} ${key}`, claims: context.endpoints.claimsOf(endpoint) },
      { table: 'node_ports', key, claims: context.nodePorts.claimsOf(portKey(port, transport)) },
    );
  }
  const clientKey = client === undefined ? undefined : addressKey(client);
  if (clientKey !== undefined) {
    const claims = context.names.claimsOf(nameKey(clientKey, address));
    found.push({ table: 'names', key: `${addressText(clientKey)} ${text}`, claims });
  }
  for (const { prefix, claims } of context.ranges.claimsAround(address)) {
    found.push({ table: 'ranges', key: `${addressText(prefix.address)}/${prefix.length}`, claims });
  }
  return found;
}

function describeTable(context: Context, { table, key, claims }: Look, atMs: number): TableDescription {
  const holders = new Set(
    claims.filter(({ from, to }) => atMs >= from && atMs < to).map(({ value }) => value),
  );
  const [held] = holders;
  return {
    table,
    key,
    held: held === undefined || holders.size > 1 ? null : describeEntity(context, held),
    is_ambiguous: holders.size > 1,
    claims: claims.map(({ from, to, value }) => ({
      from: isoTime(from),
      to: isoTime(to),
      value: describeEntity(context, value),
    })),
  };
}

/** Null for what is no time that can be written: a claim that has no end, or one from before all times. */
function isoTime(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

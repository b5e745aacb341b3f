/**
 * `core.v1.Service`, of which this much is read:
 *
 *     1 metadata: ObjectMeta
 *     2 spec     1 ports: { 1 name · 2 protocol · 3 port · 4 targetPort: { 1 type · 2 intVal } · 5 nodePort }
 *                2 selector: map<string, string> · 3 clusterIP · 4 type · 5 externalIPs · 18 clusterIPs: strings
 *     3 status   1 loadBalancer { 1 ingress { 1 ip } }
 */
import type { NetworkTransport, Pairs, ServicePort } from '@tributary/core';
import { MalformedError } from '../wire/field-reader.ts';
import { clearMetadata, type MetadataDecoder, ObjectMeta } from './metadata.ts';
import { MAX_ENTRIES, type ObjectReader } from './object-reader.ts';
import { NO_PAIRS, type PairsCache } from './pairs.ts';

const TRANSPORTS: Readonly<Record<string, NetworkTransport>> = {
  '': 'tcp',
  TCP: 'tcp',
  UDP: 'udp',
  SCTP: 'sctp',
};

/** A Service as an event has it; one instance is filled for each anew. */
export class ServiceState {
  readonly meta = new ObjectMeta();
  type = '';
  /** `None` for a headless one. */
  clusterIps: string[] = [];
  /** `spec.externalIPs` and the addresses of load balancers. */
  externalAddresses: string[] = [];
  ports: ServicePort[] = [];
  selector: Pairs = NO_PAIRS;
  /** Ports that no connection can have. */
  refusedPorts = 0;
}

/** Reads the Service that `reader.begin` has begun. Throws `MalformedError`. */
export function readService(
  reader: ObjectReader,
  end: number,
  metadata: MetadataDecoder,
  pairs: PairsCache,
  into: ServiceState,
): void {
  clearService(into);
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) metadata.read(reader, end, into.meta);
    else if (field === 2) readSpec(reader, reader.enter(end), pairs, into);
    else if (field === 3) readStatus(reader, reader.enter(end), into);
    else reader.skip(end);
  }
}

function readSpec(reader: ObjectReader, end: number, pairs: PairsCache, into: ServiceState): void {
  let clusterIp = '';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (into.ports.length + into.externalAddresses.length + into.clusterIps.length > MAX_ENTRIES) {
      throw new MalformedError('a list with too many entries');
    }
    if (field === 1) readPort(reader, reader.enter(end), into);
    else if (field === 2) into.selector = pairs.read(reader, end, 'string', into.selector);
    else if (field === 3) clusterIp = reader.text(end);
    else if (field === 4) into.type = reader.sharedText(end);
    else if (field === 5) into.externalAddresses.push(reader.text(end));
    else if (field === 18) into.clusterIps.push(reader.text(end));
    else reader.skip(end);
  }
  if (into.clusterIps.length === 0 && clusterIp !== '') into.clusterIps.push(clusterIp);
}

function readPort(reader: ObjectReader, end: number, into: ServiceState): void {
  let name = '';
  let protocol = '';
  let port = 0;
  let nodePort = 0;
  let targetPort: number | undefined;
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) name = reader.sharedText(end);
    else if (field === 2) protocol = reader.sharedText(end);
    else if (field === 3) port = reader.integer(end);
    else if (field === 4) targetPort = readTargetPort(reader, reader.enter(end));
    else if (field === 5) nodePort = reader.integer(end);
    else reader.skip(end);
  }
  const transport = TRANSPORTS[protocol];
  if (transport === undefined || !isPort(port) || !(nodePort === 0 || isPort(nodePort)))
    into.refusedPorts += 1;
  else into.ports.push({ name, port, transport, nodePort, targetPort });
}

/** The pods' port as a number; a named one is another in each pod. */
function readTargetPort(reader: ObjectReader, end: number): number | undefined {
  let isNamed = false;
  let value = 0;
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) isNamed = reader.integer(end) !== 0;
    else if (field === 2) value = reader.integer(end);
    else reader.skip(end);
  }
  return !isNamed && isPort(value) ? value : undefined;
}

function readStatus(reader: ObjectReader, end: number, into: ServiceState): void {
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field !== 1) {
      reader.skip(end);
      continue;
    }
    const balancerEnd = reader.enter(end);
    for (let part = reader.field(balancerEnd); part !== 0; part = reader.field(balancerEnd)) {
      if (part === 1) readIngress(reader, reader.enter(balancerEnd), into.externalAddresses);
      else reader.skip(balancerEnd);
    }
  }
}

function readIngress(reader: ObjectReader, end: number, into: string[]): void {
  if (into.length > MAX_ENTRIES) throw new MalformedError('a list with too many entries');
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) into.push(reader.text(end));
    else reader.skip(end);
  }
}

function isPort(port: number): boolean {
  return port > 0 && port < 65_536;
}

function clearService(service: ServiceState): void {
  clearMetadata(service.meta);
  service.type = '';
  service.clusterIps = [];
  service.externalAddresses = [];
  service.ports = [];
  service.selector = NO_PAIRS;
  service.refusedPorts = 0;
}

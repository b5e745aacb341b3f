/**
 * `discovery.v1.EndpointSlice`, of which this much is read:
 *
 *     1 metadata: ObjectMeta; its label kubernetes.io/service-name says whose endpoints these are
 *     2 endpoints: { 1 addresses · 2 conditions: { 1 ready: bool } · 4 targetRef: { 1 kind · 4 uid } · 6 nodeName · 7 zone }
 *     4 addressType: string
 */
import type { Backend } from '@tributary/core';
import { MalformedError } from '../wire/field-reader.ts';
import { clearMetadata, type MetadataDecoder, ObjectMeta } from './metadata.ts';
import { MAX_ENTRIES, type ObjectReader } from './object-reader.ts';

/** The label by which a slice says whose endpoints it has. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** A slice as an event has it; one instance is filled for each anew. */
export class EndpointSliceState {
  readonly meta = new ObjectMeta();
  /** `IPv4`, `IPv6`, or `FQDN`, whose endpoints have names for addresses. */
  addressType = '';
  /** The ready ones. */
  backends: Backend[] = [];
}

/** Reads the slice that `reader.begin` has begun. Throws `MalformedError`. */
export function readEndpointSlice(
  reader: ObjectReader,
  end: number,
  metadata: MetadataDecoder,
  into: EndpointSliceState,
): void {
  clearMetadata(into.meta);
  into.addressType = '';
  into.backends = [];
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) metadata.read(reader, end, into.meta);
    else if (field === 2) readEndpoint(reader, reader.enter(end), into.backends);
    else if (field === 4) into.addressType = reader.sharedText(end);
    else reader.skip(end);
  }
}

function readEndpoint(reader: ObjectReader, end: number, into: Backend[]): void {
  const addresses: string[] = [];
  // Not said means ready, by the definition of the field.
  let isReady = true;
  let podUid: string | undefined;
  let nodeName: string | undefined;
  let zone: string | undefined;
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (into.length + addresses.length > MAX_ENTRIES) {
      throw new MalformedError('a list with too many entries');
    }
    if (field === 1) addresses.push(reader.text(end));
    else if (field === 2) isReady = readReady(reader, reader.enter(end));
    else if (field === 4) podUid = readPodUid(reader, reader.enter(end));
    else if (field === 6) nodeName = reader.name(end, true);
    else if (field === 7) zone = reader.sharedText(end);
    else reader.skip(end);
  }
  if (!isReady) return;
  for (const address of addresses) into.push({ address, podUid, nodeName, zone });
}

function readReady(reader: ObjectReader, end: number): boolean {
  let isReady = true;
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) isReady = reader.boolean(end);
    else reader.skip(end);
  }
  return isReady;
}

function readPodUid(reader: ObjectReader, end: number): string | undefined {
  let kind = '';
  let uid = '';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) kind = reader.sharedText(end);
    else if (field === 4) uid = reader.name(end, false);
    else reader.skip(end);
  }
  return kind === 'Pod' && uid !== '' ? uid : undefined;
}

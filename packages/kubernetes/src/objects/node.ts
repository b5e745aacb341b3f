/**
 * `core.v1.Node`, of which this much is read:
 *
 *     1 metadata: ObjectMeta
 *     2 spec     3 providerID
 *     3 status   2 allocatable: map<string, Quantity> · 4 conditions: { 1 type · 2 status } · 5 addresses: { 1 type · 2 address }
 */
import type { Pairs } from '@tributary/core';
import { MalformedError } from '../wire/field-reader.ts';
import { clearMetadata, type MetadataDecoder, ObjectMeta } from './metadata.ts';
import { MAX_ENTRIES, type ObjectReader } from './object-reader.ts';
import { NO_PAIRS, type PairsCache } from './pairs.ts';

/** A node as an event has it; one instance is filled for each anew. */
export class NodeState {
  readonly meta = new ObjectMeta();
  providerId = '';
  /** The addresses that are some (`InternalIP`, `ExternalIP`), not its names. */
  addresses: string[] = [];
  /** Conditions: type, and `True`, `False` or `Unknown`. */
  conditions: string[] = [];
  /** What pods may use in all: the resource's name and its quantity as text. */
  allocatable: Pairs = NO_PAIRS;
}

/** Reads the node that `reader.begin` has begun. Throws `MalformedError`. */
export function readNode(
  reader: ObjectReader,
  end: number,
  metadata: MetadataDecoder,
  pairs: PairsCache,
  into: NodeState,
): void {
  clearMetadata(into.meta);
  into.providerId = '';
  into.addresses = [];
  into.conditions = [];
  into.allocatable = NO_PAIRS;
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) metadata.read(reader, end, into.meta);
    else if (field === 2) readSpec(reader, reader.enter(end), into);
    else if (field === 3) readStatus(reader, reader.enter(end), pairs, into);
    else reader.skip(end);
  }
}

function readSpec(reader: ObjectReader, end: number, into: NodeState): void {
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 3) into.providerId = reader.text(end);
    else reader.skip(end);
  }
}

function readStatus(reader: ObjectReader, end: number, pairs: PairsCache, into: NodeState): void {
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (into.addresses.length + into.conditions.length > MAX_ENTRIES) {
      throw new MalformedError('a list with too many entries');
    }
    if (field === 2) into.allocatable = pairs.read(reader, end, 'quantity', into.allocatable);
    else if (field === 4) into.conditions.push(...readTwo(reader, reader.enter(end)));
    else if (field === 5) {
      const [type, address] = readTwo(reader, reader.enter(end));
      if (type === 'InternalIP' || type === 'ExternalIP') into.addresses.push(address);
    } else reader.skip(end);
  }
}

/** The first two fields of a message, both strings. */
function readTwo(reader: ObjectReader, end: number): [string, string] {
  let first = '';
  let second = '';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) first = reader.sharedText(end);
    else if (field === 2) second = reader.sharedText(end);
    else reader.skip(end);
  }
  return [first, second];
}

/**
 * Objects of which the metadata say all: `meta.v1.PartialObjectMetadata` (ReplicaSets and what else makes pods) and
 * `core.v1.Namespace`. Field 1 is the metadata in every kind of Kubernetes object, so a whole Deployment is read the same way.
 *
 *     1 metadata: ObjectMeta
 *     3 status   1 phase (of a Namespace only)
 */
import { clearMetadata, type MetadataDecoder, ObjectMeta } from './metadata.ts';
import type { ObjectReader } from './object-reader.ts';

/** A namespace as an event has it; one instance is filled for each anew. */
export class NamespaceState {
  readonly meta = new ObjectMeta();
  /** `Active` or `Terminating`. */
  phase = '';
}

/** Reads the metadata of the object that `reader.begin` has begun. Throws `MalformedError`. */
export function readMetadataOnly(
  reader: ObjectReader,
  end: number,
  metadata: MetadataDecoder,
  into: ObjectMeta,
): void {
  clearMetadata(into);
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) metadata.read(reader, end, into);
    else reader.skip(end);
  }
}

/** Reads the Namespace that `reader.begin` has begun. Throws `MalformedError`. */
export function readNamespace(
  reader: ObjectReader,
  end: number,
  metadata: MetadataDecoder,
  into: NamespaceState,
): void {
  clearMetadata(into.meta);
  into.phase = '';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) metadata.read(reader, end, into.meta);
    else if (field === 3) into.phase = readPhase(reader, reader.enter(end));
    else reader.skip(end);
  }
}

function readPhase(reader: ObjectReader, end: number): string {
  let phase = '';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === 1) phase = reader.sharedText(end);
    else reader.skip(end);
  }
  return phase;
}

/**
 * `meta.v1.ObjectMeta`, of which this much is read:
 *
 *     1 name · 3 namespace · 5 uid · 6 resourceVersion: strings
 *     8 creationTimestamp · 9 deletionTimestamp: Time
 *     11 labels · 12 annotations: map<string, string>
 *     13 ownerReferences: { 1 kind · 3 name · 4 uid: strings · 6 controller: bool }
 *
 * (k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto). What takes the most room, managedFields (17), is passed over.
 */
import type { Owner, Pairs } from '@tributary/core';
import { MalformedError } from '../wire/field-reader.ts';
import { MAX_ENTRIES, type ObjectReader } from './object-reader.ts';
import { NO_PAIRS, type PairsCache } from './pairs.ts';

/** Where the kubelet says in a mirror pod which static pod it mirrors: the uid in the names of its cgroups. */
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

const OWNER_SLOTS = 1 << 12;

/** What is known of any object; one instance is filled for each anew. */
export class ObjectMeta {
  name = '';
  /** Empty for what is in no namespace. */
  namespace = '';
  uid = '';
  /** `resourceVersion` as a number; 0: not one that can be compared. */
  version = 0;
  /** `creationTimestamp`: whole seconds since the Unix epoch, cut off; 0: not known. */
  createdSeconds = 0;
  /** Whether it has a `deletionTimestamp`: it was asked to go, and may be there for long yet. */
  isDeleting = false;
  labels: Pairs = NO_PAIRS;
  annotations: Pairs = NO_PAIRS;
  /** The controller. */
  owner: Owner | undefined = undefined;
  /** The uid by which the kubelet knows a static pod; empty for all else. */
  staticUid = '';
}

/** Reads metadata; keeps what objects have in common. */
export class MetadataDecoder {
  readonly #pairs: PairsCache;
  readonly #isWanted: (annotation: string) => boolean;
  readonly #owners: (Owner | undefined)[] = new Array<Owner | undefined>(OWNER_SLOTS).fill(undefined);

  constructor(pairs: PairsCache, isWanted: (annotation: string) => boolean) {
    this.#pairs = pairs;
    this.#isWanted = isWanted;
  }

  /** Reads the value of a field of type ObjectMeta. */
  read(reader: ObjectReader, end: number, into: ObjectMeta): void {
    const metaEnd = reader.enter(end);
    for (let field = reader.field(metaEnd); field !== 0; field = reader.field(metaEnd)) {
      if (field === 1) into.name = reader.name(metaEnd, false);
      else if (field === 3) into.namespace = reader.name(metaEnd, true);
      else if (field === 5) into.uid = reader.name(metaEnd, false);
      else if (field === 6) into.version = readVersion(reader, metaEnd);
      else if (field === 8) into.createdSeconds = reader.seconds(metaEnd);
      else if (field === 9) {
        into.isDeleting = true;
        reader.skip(metaEnd);
      } else if (field === 11) into.labels = this.#pairs.read(reader, metaEnd, 'string', into.labels);
      else if (field === 12) this.#readAnnotation(reader, metaEnd, into);
      else if (field === 13) this.#readOwner(reader, metaEnd, into);
      else reader.skip(metaEnd);
    }
  }

  #readAnnotation(reader: ObjectReader, end: number, into: ObjectMeta): void {
    const entryEnd = reader.enter(end);
    let key = '';
    let valueStart = 0;
    let valueEnd = 0;
    for (let field = reader.field(entryEnd); field !== 0; field = reader.field(entryEnd)) {
      if (field === 1) key = reader.sharedText(entryEnd);
      else if (field === 2) {
        valueEnd = reader.enter(entryEnd);
        valueStart = reader.position;
        reader.position = valueEnd;
      } else reader.skip(entryEnd);
    }
    if (key === MIRROR_ANNOTATION) into.staticUid = reader.textAt(valueStart, valueEnd);
    if (!this.#isWanted(key)) return;
    if (into.annotations.length >= MAX_ENTRIES * 2) throw new MalformedError('a map with too many entries');
    into.annotations = [...into.annotations, key, reader.textAt(valueStart, valueEnd)];
  }

  #readOwner(reader: ObjectReader, end: number, into: ObjectMeta): void {
    const ownerEnd = reader.enter(end);
    let kind = '';
    let name = '';
    let uid = '';
    let isController = false;
    for (let field = reader.field(ownerEnd); field !== 0; field = reader.field(ownerEnd)) {
      if (field === 1) kind = reader.sharedText(ownerEnd);
      else if (field === 3) name = reader.name(ownerEnd, true);
      else if (field === 4) uid = reader.name(ownerEnd, true);
      else if (field === 6) isController = reader.boolean(ownerEnd);
      else reader.skip(ownerEnd);
    }
    if (isController && uid !== '' && name !== '') into.owner = this.#sharedOwner(kind, name, uid);
  }

  #sharedOwner(kind: string, name: string, uid: string): Owner {
    let hash = 0;
    for (let index = 0; index < uid.length; index++) {
      hash = Math.imul(hash ^ uid.charCodeAt(index), 0x0100_0193);
    }
    const slot = (hash ^ (hash >>> 15)) & (OWNER_SLOTS - 1);
    const known = this.#owners[slot];
    if (known?.uid === uid && known.name === name && known.kind === kind) return known;
    const owner = { kind, name, uid };
    this.#owners[slot] = owner;
    return owner;
  }
}

/** Forgets what the object before had. */
export function clearMetadata(meta: ObjectMeta): void {
  meta.name = '';
  meta.namespace = '';
  meta.uid = '';
  meta.version = 0;
  meta.createdSeconds = 0;
  meta.isDeleting = false;
  meta.labels = NO_PAIRS;
  meta.annotations = NO_PAIRS;
  meta.owner = undefined;
  meta.staticUid = '';
}

/**
 * Versions are opaque in name, but numbers in fact, and for comparing since Kubernetes 1.35. One that is none, or larger than
 * is exact, is not compared.
 */
function readVersion(reader: ObjectReader, end: number): number {
  const valueEnd = reader.enter(end);
  let version = 0;
  for (let at = reader.position; at < valueEnd; at++) {
    const digit = reader.bytes[at]! - 0x30;
    version = digit >= 0 && digit <= 9 ? version * 10 + digit : Number.NaN;
  }
  reader.position = valueEnd;
  return Number.isSafeInteger(version) ? version : 0;
}

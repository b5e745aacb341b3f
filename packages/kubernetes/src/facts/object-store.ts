/**
 * The objects of one kind as the watches of them tell: which there are, in which version, and by which watch they are known.
 * What they mean is the business of an `ObjectKind`.
 *
 * The server is not believed blindly: an older version than the known one changes nothing, an object that was told to be gone
 * does not come back by an older event, and what cannot be read is counted and leaves all else as it is.
 */
import type { ObjectHandler } from '../api/object-handler.ts';
import type { ObjectMeta } from '../objects/metadata.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { MalformedError } from '../wire/field-reader.ts';
import type { ClusterResource } from './cluster-resource.ts';
import type { FactCounters } from './fact-counters.ts';
import { endOf, type Moment } from './moment.ts';
import { addWatch, isWatchedBy, removeWatch, type TrackedObject } from './tracked-object.ts';

/** Of so many objects that are gone it is known which version was the last. */
const MAX_GONE = 8192;

/** What the objects of a kind mean. `meta` and what else `decode` fills are those of the object that is being taken in. */
export interface ObjectKind<E extends TrackedObject> {
  readonly resource: ClusterResource;
  readonly meta: ObjectMeta;
  /** Reads an object. Throws `MalformedError`. */
  decode(reader: ObjectReader, end: number): void;
  /** The object that has had the name until now, if it is still taken to be there. */
  predecessor(): E | undefined;
  create(moment: Moment): E;
  /** Takes in what the object says now; whether anything has changed. */
  update(object: E, moment: Moment): boolean;
  /** It is gone since `endMs` or before, which was learnt at `atMs` (milliseconds since the Unix epoch). */
  remove(object: E, endMs: number, atMs: number): void;
}

/** Tells what has changed. */
export type StoreListener<E> = (type: 'added' | 'changed' | 'deleted', object: E, atMs: number) => void;

/** The objects of one kind. */
export class ObjectStore<E extends TrackedObject> {
  readonly #kind: ObjectKind<E>;
  readonly #reader: ObjectReader;
  readonly #counters: FactCounters;
  readonly #listener: StoreListener<E>;
  readonly #maxObjects: number;
  readonly #objects = new Map<string, E>();
  /** The last versions of objects that are gone, the oldest first. */
  readonly #gone = new Map<string, number>();

  constructor(
    kind: ObjectKind<E>,
    options: {
      reader: ObjectReader;
      counters: FactCounters;
      listener: StoreListener<E>;
      maxObjects: number;
    },
  ) {
    this.#kind = kind;
    this.#reader = options.reader;
    this.#counters = options.counters;
    this.#listener = options.listener;
    this.#maxObjects = options.maxObjects;
  }

  get size(): number {
    return this.#objects.size;
  }

  values(): IterableIterator<E> {
    return this.#objects.values();
  }

  get(uid: string): E | undefined {
    return this.#objects.get(uid);
  }

  /** The version of the object that was told of last. */
  get tellsVersion(): number {
    return this.#kind.meta.version;
  }

  /** Takes in an object as it is now; returns it, or undefined if it was not taken in. */
  seen(bytes: Uint8Array, watch: ObjectHandler, moment: Moment): E | undefined {
    if (!this.#decode(bytes)) return undefined;
    const { meta, resource } = this.#kind;
    const known = this.#objects.get(meta.uid);
    if (known === undefined) return this.#add(watch, moment);
    const isShared = !isWatchedBy(known, watch) || Array.isArray(known.watch);
    addWatch(known, watch);
    if (meta.version !== 0 && meta.version < known.version) {
      // Of two watches one is always behind the other.
      if (!isShared) this.#counters.add(resource, 'older_version');
    } else if (meta.version === 0 || meta.version > known.version) {
      this.#update(known, moment);
    }
    return known;
  }

  /** Takes in that an object was deleted, or that a watch does not have it any more. */
  deleted(bytes: Uint8Array, watch: ObjectHandler, moment: Moment): void {
    if (!this.#decode(bytes)) return;
    const { meta, resource } = this.#kind;
    const known = this.#objects.get(meta.uid);
    if (known === undefined) return;
    if (meta.version !== 0 && meta.version < known.version && !Array.isArray(known.watch)) {
      this.#counters.add(resource, 'older_version');
      return;
    }
    if (meta.version > known.version) this.#update(known, moment);
    this.leave(known, watch, moment);
  }

  /** An object is not known by a watch any more. */
  leave(object: E, watch: ObjectHandler, moment: Moment): void {
    if (removeWatch(object, watch)) this.#remove(object, endOf(moment), moment.atMs);
  }

  /** The server's versions have begun anew, from a backup: those that are known are not compared with. */
  forgetVersions(): void {
    this.#gone.clear();
    for (const object of this.#objects.values()) object.version = 0;
  }

  #decode(bytes: Uint8Array): boolean {
    const reader = this.#reader;
    const { resource, meta } = this.#kind;
    try {
      this.#kind.decode(reader, reader.begin(bytes));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#counters.add(resource, 'malformed');
      return false;
    } finally {
      reader.finish();
    }
    if (meta.uid !== '' && meta.name !== '') return true;
    this.#counters.add(resource, 'incomplete');
    return false;
  }

  #add(watch: ObjectHandler, moment: Moment): E | undefined {
    const { meta, resource } = this.#kind;
    const goneVersion = this.#gone.get(meta.uid);
    if (goneVersion !== undefined && meta.version <= goneVersion) {
      this.#counters.add(resource, 'older_version');
      return undefined;
    }
    if (this.#objects.size >= this.#maxObjects) {
      this.#counters.add(resource, 'too_many');
      return undefined;
    }
    const predecessor = this.#kind.predecessor();
    if (predecessor !== undefined && this.#objects.get(predecessor.uid) === predecessor) {
      // Two objects never have a name at once, so the other had gone when this one came. A list tells that in its own time.
      if (!moment.isListed) this.#counters.add(resource, 'name_taken');
      const createdBy = meta.createdSeconds === 0 ? moment.atMs : (meta.createdSeconds + 1) * 1000;
      this.#remove(predecessor, Math.min(endOf(moment), createdBy), moment.atMs);
    }
    const object = this.#kind.create(moment);
    this.#objects.set(object.uid, object);
    addWatch(object, watch);
    object.version = meta.version;
    this.#kind.update(object, moment);
    this.#listener('added', object, moment.atMs);
    return object;
  }

  #update(object: E, moment: Moment): void {
    object.version = this.#kind.meta.version;
    if (!this.#kind.update(object, moment)) return;
    object.revision += 1;
    this.#listener('changed', object, moment.atMs);
  }

  #remove(object: E, endMs: number, atMs: number): void {
    this.#objects.delete(object.uid);
    this.#gone.set(object.uid, object.version);
    if (this.#gone.size > MAX_GONE) {
      const [oldest] = this.#gone.keys();
      if (oldest !== undefined) this.#gone.delete(oldest);
    }
    this.#kind.remove(object, endMs, atMs);
    this.#listener('deleted', object, atMs);
  }
}

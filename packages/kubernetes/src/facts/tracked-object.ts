import type { ObjectHandler } from '../api/object-handler.ts';

/** What the watch of an object has to keep of it beside what it is. */
export abstract class TrackedObject {
  readonly uid: string;
  revision = 0;
  /** `resourceVersion`; 0: not one that can be compared. */
  version = 0;
  /** By which watch it is known; by several where their scopes overlap. */
  watch: ObjectHandler | readonly ObjectHandler[] = [];

  constructor(uid: string) {
    this.uid = uid;
  }
}

/** Adds a watch to those by which an object is known. */
export function addWatch(object: TrackedObject, watch: ObjectHandler): void {
  const known = object.watch;
  if (known === watch) return;
  if (!isSeveral(known)) object.watch = [known, watch];
  else if (known.length === 0) object.watch = watch;
  else if (!known.includes(watch)) object.watch = [...known, watch];
}

/** Takes a watch away; whether no other is left. */
export function removeWatch(object: TrackedObject, watch: ObjectHandler): boolean {
  const known = object.watch;
  if (!isSeveral(known)) return known === watch;
  const others = known.filter((other) => other !== watch);
  object.watch = others.length === 1 ? others[0]! : others;
  return others.length === 0;
}

/** Whether an object is known by a watch. */
export function isWatchedBy(object: TrackedObject, watch: ObjectHandler): boolean {
  const known = object.watch;
  return isSeveral(known) ? known.includes(watch) : known === watch;
}

function isSeveral(watch: ObjectHandler | readonly ObjectHandler[]): watch is readonly ObjectHandler[] {
  return Array.isArray(watch);
}

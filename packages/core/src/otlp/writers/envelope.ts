import { madeBuffers } from '../../process/young-buffers.ts';
import { varintSize, writeVarint } from '../wire.ts';
import type { WireOutput } from './output.ts';

/** Where the records of one scope lie in the writer's buffer. */
interface ScopeRange {
  /** The scope and its schema URL: fields of the ScopeSpans, ScopeMetrics or ScopeLogs. */
  readonly headStart: number;
  readonly headEnd: number;
  recordsEnd: number;
}

/** Where a resource lies in the writer's buffer, and the scopes below it. */
interface ResourceRange {
  /** The resource and its schema URL: fields of the ResourceSpans, ResourceMetrics or ResourceLogs. */
  readonly headStart: number;
  readonly headEnd: number;
  readonly scopes: ScopeRange[];
}

const GROUP_TAG = 0x0a;
const SCOPE_TAG = 0x12;

/**
 * The two levels above the records. Their lengths are known only at the end, so the writer's buffer holds resources, scopes
 * and records one after the other, and the lengths are put between them when all is copied out:
 *
 *     buffer   [resource][scope][record][record][scope][record][resource][record]
 *     request  group( resource  scopes( scope records )  scopes( scope records ) )  group( resource scopes( records ) )
 *
 * Resources and scopes without a record are left out.
 */
export class Envelope {
  readonly #out: WireOutput;
  #groups: ResourceRange[] = [];
  #group: ResourceRange | undefined;
  #scope: ScopeRange | undefined;

  constructor(out: WireOutput) {
    this.#out = out;
  }

  /** Begins a group whose resource has been written from `headStart` on. */
  beginResource(headStart: number): void {
    this.#group = { headStart, headEnd: this.#out.length, scopes: [] };
    this.#scope = undefined;
  }

  /** Begins a scope, which has been written from `headStart` on, in the group last begun; without one under no resource. */
  beginScope(headStart: number): void {
    this.#group ??= { headStart, headEnd: headStart, scopes: [] };
    this.#scope = { headStart, headEnd: this.#out.length, recordsEnd: this.#out.length };
  }

  /** Makes sure that there is a scope for the record that is about to be written. */
  beginRecord(): void {
    if (this.#scope === undefined) this.beginScope(this.#out.length);
  }

  /** Counts the record that was written in. */
  endRecord(): void {
    const group = this.#group!;
    const scope = this.#scope!;
    if (scope.recordsEnd === scope.headEnd) {
      if (group.scopes.length === 0) this.#groups.push(group);
      group.scopes.push(scope);
    }
    scope.recordsEnd = this.#out.length;
  }

  /** The size of the request, in bytes. */
  get size(): number {
    let size = 0;
    for (const group of this.#groups) size += fieldSize(groupSize(group));
    return size;
  }

  /** Puts the request together. */
  assemble(): Uint8Array {
    const source = this.#out.bytes;
    const size = this.size;
    // Before it is there: what a collection meets alive may grow old, and then only one of the whole heap frees it.
    madeBuffers(size);
    const request = Buffer.allocUnsafeSlow(size);
    let at = 0;
    for (const group of this.#groups) {
      request[at++] = GROUP_TAG;
      at = writeVarint(request, at, groupSize(group));
      at += source.copy(request, at, group.headStart, group.headEnd);
      for (const scope of group.scopes) {
        request[at++] = SCOPE_TAG;
        at = writeVarint(request, at, scope.recordsEnd - scope.headStart);
        at += source.copy(request, at, scope.headStart, scope.recordsEnd);
      }
    }
    return new Uint8Array(request.buffer);
  }

  reset(): void {
    this.#groups = [];
    this.#group = undefined;
    this.#scope = undefined;
  }
}

function groupSize(group: ResourceRange): number {
  let size = group.headEnd - group.headStart;
  for (const scope of group.scopes) size += fieldSize(scope.recordsEnd - scope.headStart);
  return size;
}

/** The size of a field with a tag of one byte and a body of this size. */
function fieldSize(bodySize: number): number {
  return 1 + varintSize(bodySize) + bodySize;
}

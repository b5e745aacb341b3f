/**
 * Where receivers ask before they read a request's body into memory. A memory limiter sees a batch only when it is
 * whole, decompressed and checked: by then hundreds of bodies may have been read side by side. So the limiters stand
 * here as guards too, and a receiver refuses a request, unread, while one of them says no.
 *
 *     if (!memoryGate.reserve(contentLength)) → answer 503 or UNAVAILABLE, do not read the body
 *     …read the body; when it is whole, or was given up: memoryGate.release(contentLength)
 *
 * From the release on the body is part of what the guards measure. Without a guard every reservation is granted.
 */
import { shareReservedBytes } from '../process/isolate-memory.ts';

/** Decides whether the process may take so much more into memory. */
export interface MemoryGuard {
  /** `bytes` is what is asked for, `reservedBytes` what was granted before and is not yet read. */
  admits(bytes: number, reservedBytes: number): boolean;
}

/**
 * One isolate's gate. Memory is the process's, so one gate serves all receivers, whatever pipelines they feed, and what the gates
 * of other threads granted counts as well.
 */
export class MemoryGate {
  readonly #guards = new Set<MemoryGuard>();
  #reservedBytes = 0;

  /** Bytes that were granted and not yet released. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  /** Adds a guard; returns the function that takes it away. */
  guard(guard: MemoryGuard): () => void {
    this.#guards.add(guard);
    return () => {
      this.#guards.delete(guard);
    };
  }

  /** Asks for room for `bytes`, of which each must be released once if this gives true. */
  reserve(bytes: number): boolean {
    if (this.#guards.size > 0) {
      const reservedBytes = shareReservedBytes(this.#reservedBytes);
      for (const guard of this.#guards) if (!guard.admits(bytes, reservedBytes)) return false;
    }
    this.#reservedBytes += bytes;
    shareReservedBytes(this.#reservedBytes);
    return true;
  }

  /** Gives room back: the body is in memory now, or will not come. */
  release(bytes: number): void {
    this.#reservedBytes -= bytes;
    shareReservedBytes(this.#reservedBytes);
  }
}

/** The gate of this process. */
export const memoryGate = new MemoryGate();

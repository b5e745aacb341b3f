/**
 * What tells work of its end: the part of an `AbortSignal` that is needed for it, and that every `AbortSignal` has. One
 * of Node's, with a listener added and removed, takes as long as reading a request's head and its answer's.
 */
export interface CancelSignal {
  /** True from the end on. */
  readonly aborted: boolean;
  /** Why it was ended; undefined before. */
  readonly reason: unknown;
  /** `listener` is called when the work is ended, once. */
  addEventListener(type: 'abort', listener: () => void, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Ends work, and is what the work knows of it. */
export class Cancellation implements CancelSignal {
  aborted = false;
  reason: unknown;
  /** There is mostly one. */
  #listener: (() => void) | undefined;
  #others: Set<() => void> | undefined;

  addEventListener(_type: 'abort', listener: () => void, _options?: { readonly once: true }): void {
    if (this.aborted) return;
    if (this.#listener === undefined) this.#listener = listener;
    else {
      this.#others ??= new Set();
      this.#others.add(listener);
    }
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others?.delete(listener);
  }

  /** Ends the work; once. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listener = this.#listener;
    const others = this.#others;
    this.#listener = undefined;
    this.#others = undefined;
    listener?.();
    for (const other of others ?? []) other();
  }
}

/** The same as an `AbortSignal`, for libraries that ask for one. */
export function toAbortSignal(signal: CancelSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return controller.signal;
}

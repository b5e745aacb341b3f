/**
 * Bounds what a peer may make us do for nothing. Each kind of frame that moves no data has a budget that grows with time and
 * with the calls that are answered, so that a busy client is never short of it and one that only sends such frames is
 * soon at its end. The clock is read only when a budget is used up.
 */
import { ConnectionError, type EndReason } from './connection-error.ts';
import { ERROR_CODE } from './protocol.ts';

interface Budget {
  readonly reason: EndReason;
  readonly what: string;
  /** The most that can be saved up. */
  readonly burst: number;
  readonly perSecond: number;
  /** What a call that was answered adds. */
  readonly perCall: number;
}

/** The kinds of frames, and streams that end before their time by either side. */
const BUDGETS = {
  // A client whose deadline ends a thousand calls at once is none that attacks; CVE-2023-44487 and CVE-2025-8671 need more.
  reset: { reason: 'reset_flood', what: 'streams reset', burst: 1000, perSecond: 100, perCall: 1 },
  settings: { reason: 'settings_flood', what: 'SETTINGS', burst: 100, perSecond: 10, perCall: 0 },
  // Go's clients and servers measure the delay by a ping with each burst of data.
  ping: { reason: 'ping_flood', what: 'PING', burst: 1000, perSecond: 50, perCall: 4 },
  empty: { reason: 'empty_frame_flood', what: 'empty DATA', burst: 1000, perSecond: 100, perCall: 4 },
  // WINDOW_UPDATE, PRIORITY, and frames that nobody knows or needs.
  control: {
    reason: 'control_frame_flood',
    what: 'control frames',
    burst: 10_000,
    perSecond: 1000,
    perCall: 16,
  },
} as const satisfies Readonly<Record<string, Budget>>;

/** One of the kinds. */
export type FloodKind = keyof typeof BUDGETS;

/** The budgets of one connection. */
export class FloodGuard {
  readonly #left: Record<FloodKind, number> = {
    reset: 1000,
    settings: 100,
    ping: 1000,
    empty: 1000,
    control: 10_000,
  };
  #refilledMs: Partial<Record<FloodKind, number>> | undefined;
  readonly #sinceMs = performance.now();

  /**
   * Spends one.
   * @throws ConnectionError ENHANCE_YOUR_CALM when there is none left
   */
  spend(kind: FloodKind): void {
    this.#left[kind] -= 1;
    if (this.#left[kind] < 0) this.#refill(kind);
  }

  /** A call was answered. */
  earn(): void {
    const left = this.#left;
    if (left.reset < BUDGETS.reset.burst) left.reset += BUDGETS.reset.perCall;
    if (left.ping < BUDGETS.ping.burst) left.ping += BUDGETS.ping.perCall;
    if (left.empty < BUDGETS.empty.burst) left.empty += BUDGETS.empty.perCall;
    if (left.control < BUDGETS.control.burst) left.control += BUDGETS.control.perCall;
  }

  #refill(kind: FloodKind): void {
    const { burst, perSecond, reason, what } = BUDGETS[kind];
    this.#refilledMs ??= {};
    const nowMs = performance.now();
    const gained = ((nowMs - (this.#refilledMs[kind] ?? this.#sinceMs)) / 1000) * perSecond;
    this.#left[kind] = Math.min(burst, this.#left[kind] + gained);
    this.#refilledMs[kind] = nowMs;
    if (this.#left[kind] < 0) {
      throw new ConnectionError(ERROR_CODE.ENHANCE_YOUR_CALM, reason, `too many ${what}`);
    }
  }
}

/** How a process ended, from its status as wait(2) gives it. */
import os from 'node:os';
import { PROCESS_FLAG } from '../generated/processes-layout.ts';

const SIGKILL = 9;
/** Of the status: the signal in seven bits, whether memory was written down, and eight bits of the exit code. */
const SIGNAL_MASK = 0x7f;
const CORE_DUMPED = 0x80;
const CODE_SHIFT = 8;

/** glibc's first real-time signal; it keeps the kernel's two before it to itself. */
const SIGRTMIN = 34;

const NAMES = new Map<number, string>();
for (const [name, number] of Object.entries(os.constants.signals)) {
  if (!NAMES.has(number)) NAMES.set(number, name);
}

/** The values of `process.exit.reason`. */
export const EXIT_REASONS = ['exited', 'signaled', 'oom_killed'] as const;

/** Why a process ended: by itself, by a signal, or by the kernel for its memory. */
export type ExitReason = (typeof EXIT_REASONS)[number];

/** How a process ended. */
export interface ExitStatus {
  readonly reason: ExitReason;
  /** Undefined if a signal ended it. */
  readonly code?: number;
  /** Its name. Undefined if it ended by itself. */
  readonly signal?: string;
  readonly hasDumpedCore: boolean;
}

/** The meaning of a status and of the record's flags (`PROCESS_FLAG`). */
export function exitStatus(status: number, flags: number): ExitStatus {
  const signal = status & SIGNAL_MASK;
  const hasDumpedCore = (status & CORE_DUMPED) !== 0;
  if (signal === 0) return { reason: 'exited', code: (status >>> CODE_SHIFT) & 0xff, hasDumpedCore };
  const isOomKilled = signal === SIGKILL && (flags & PROCESS_FLAG.PROCESS_OOM_VICTIM) !== 0;
  return { reason: isOomKilled ? 'oom_killed' : 'signaled', signal: signalName(signal), hasDumpedCore };
}

/** `SIGKILL`, `SIGRTMIN+2`; `SIG33` for one without a name. */
export function signalName(signal: number): string {
  if (signal === SIGRTMIN) return 'SIGRTMIN';
  return NAMES.get(signal) ?? (signal > SIGRTMIN ? `SIGRTMIN+${signal - SIGRTMIN}` : `SIG${signal}`);
}

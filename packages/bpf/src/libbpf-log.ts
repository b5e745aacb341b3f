/**
 * libbpf's own messages: caught, never printed. They are the only place where it says why, beyond an errno, it gave up
 * before the kernel was asked.
 */
import { type Native, native, type Pointer } from './native.ts';

/** `enum libbpf_print_level`: warnings are kept, information and debugging are not. */
const LIBBPF_WARN = 0;

/** A longer message is cut; the verifier's log does not come this way. */
const MESSAGE_BYTES = 4096;

/** A load that fails says a few lines; more than this are dropped. */
const MAX_MESSAGES = 64;

let messages: string[] | undefined;

/** Runs `work` and returns what it returned with the warnings that libbpf gave meanwhile. */
export function withLibbpfLog<T>(work: (native: Native) => T): {
  readonly result: T;
  readonly messages: readonly string[];
} {
  const loaded = native();
  messages ??= install(loaded);
  messages.length = 0;
  const result = work(loaded);
  return { result, messages: messages.slice() };
}

function install({ libbpf, libc, printCallback }: Native): string[] {
  const kept: string[] = [];
  const buffer = Buffer.alloc(MESSAGE_BYTES);
  const print = (level: number, format: Pointer, arguments_: Pointer): number => {
    if (level === LIBBPF_WARN && kept.length < MAX_MESSAGES) {
      const length = libc.vsnprintf(buffer, buffer.length, format, arguments_);
      kept.push(buffer.toString('utf8', 0, Math.min(length, buffer.length - 1)).trim());
    }
    return 0;
  };
  libbpf.setPrint(printCallback(print));
  return kept;
}

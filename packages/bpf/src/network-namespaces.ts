/** Network namespaces of this machine, and doing something in each. */
import { closeSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { errnoText } from './errno.ts';
import { native } from './native.ts';

const CLONE_NEWNET = 0x40000000;

/** Of more, the rest is not seen, which is said; kubelet's limit is 250 pods by default. */
const MAX_NAMESPACES = 4096;

/** A network namespace other than our own, and a file that stands for it. */
export interface NetworkNamespace {
  /** The inode number, which is its identity. */
  readonly inode: number;
  readonly path: string;
}

/** Those that were found. */
export interface FoundNamespaces {
  readonly namespaces: readonly NetworkNamespace[];
  /** How many there are beyond the 4,096 that are looked at. */
  readonly unseen: number;
}

/**
 * Every network namespace but our own that some process lives in or that is mounted where we see it (`ip netns` does in
 * /run/netns). One that is held by an open file or socket alone is not found.
 */
export function networkNamespaces(max = MAX_NAMESPACES): FoundNamespaces {
  const found = new Map<number, string>();
  const unseen = new Set<number>();
  const own = statSync('/proc/self/ns/net').ino;
  const add = (path: string): void => {
    try {
      const { ino } = statSync(path);
      if (ino === own || found.has(ino)) return;
      if (found.size < max) found.set(ino, path);
      else unseen.add(ino);
    } catch {
      // The process has ended, or is not ours to look at.
    }
  };
  for (const pid of readdirSync('/proc')) if (/^[0-9]+$/.test(pid)) add(`/proc/${pid}/ns/net`);
  for (const path of mountedNamespaces()) add(path);
  return { namespaces: [...found].map(([inode, path]) => ({ inode, path })), unseen: unseen.size };
}

/**
 * Calls `work` with this thread in the network namespace, and comes back. `work` must not wait: the thread is the one
 * that runs everything else. Returns what `work` returned, or the reason, in words, why the kernel did not let us in.
 */
export function inNetworkNamespace<T>(
  namespace: NetworkNamespace,
  work: () => T,
): { readonly result: T } | { readonly problem: string } {
  const { libc, errno } = native();
  const home = openSync('/proc/self/ns/net', 'r');
  try {
    const there = open(namespace.path);
    if (typeof there !== 'number') return there;
    try {
      if (libc.setns(there, CLONE_NEWNET) !== 0) return { problem: errnoText(errno()) };
    } finally {
      closeSync(there);
    }
    try {
      return { result: work() };
    } finally {
      goTo(home);
    }
  } finally {
    closeSync(home);
  }
}

/** Not coming back would make every later connection of this process leave from the wrong place. */
function goTo(home: number): void {
  const { libc, errno } = native();
  if (libc.setns(home, CLONE_NEWNET) === 0) return;
  throw new Error(
    `bpf: cannot return to the own network namespace (${errnoText(errno())}). Start this process again.`,
  );
}

function open(path: string): number | { readonly problem: string } {
  try {
    return openSync(path, 'r');
  } catch (error) {
    return { problem: String(error) };
  }
}

/** Lines of /proc/self/mountinfo: `… mount-point options - filesystem source …`; see proc_pid_mountinfo(5). */
function mountedNamespaces(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' - nsfs ') && line.includes(' net:['))
    .map((line) => unescapeMount(line.split(' ')[4] ?? ''));
}

/** Spaces and the like stand as `\040` in /proc's lists of mounts. */
export function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

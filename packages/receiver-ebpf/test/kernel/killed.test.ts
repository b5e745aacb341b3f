import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { withLab } from './lab.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { watching } from './watch.ts';

const PROBE = path.join(import.meta.dirname, '../../testdata/run-receiver.ts');

/** Every block; `untilOpenTo` a port that nobody uses has it run on. */
const INPUT = {
  config: { flows: {}, drops: {}, processes: {}, resources: {} },
  untilOpenTo: 1,
};

const WAIT_LIMIT_MS = 30_000;

const KINDS = ['prog', 'map', 'link'] as const;

type Kind = (typeof KINDS)[number];

beforeEach(skipWithoutBpf);

/** The ids of the BPF objects that a process holds, as /proc/PID/fdinfo has them: `prog_id:   17`. */
function heldBy(pid: number): Record<Kind, Set<number>> {
  const held = { prog: new Set<number>(), map: new Set<number>(), link: new Set<number>() };
  for (const file of readdirSync(`/proc/${pid}/fdinfo`)) {
    let text: string;
    try {
      text = readFileSync(`/proc/${pid}/fdinfo/${file}`, 'utf8');
    } catch {
      continue;
    }
    for (const [, kind, id] of text.matchAll(/^(prog|map|link)_id:\s*([0-9]+)$/gm))
      held[kind as Kind].add(Number(id));
  }
  return held;
}

/** Those of these ids that the kernel still has. */
function alive(held: Record<Kind, Set<number>>): Record<Kind, number[]> {
  const left: Record<Kind, number[]> = { prog: [], map: [], link: [] };
  for (const kind of KINDS) {
    const all = JSON.parse(execFileSync('bpftool', ['-j', kind, 'list'], { encoding: 'utf8' })) as {
      id: number;
    }[];
    left[kind] = all.map(({ id }) => id).filter((id) => held[kind].has(id));
  }
  return left;
}

const NOTHING = { prog: [], map: [], link: [] };

async function killAndLook(child: ChildProcess): Promise<Record<Kind, Set<number>>> {
  const exited = once(child, 'exit');
  // Stopped, it makes nothing between the look and the end.
  child.kill('SIGSTOP');
  const held = heldBy(child.pid as number);
  child.kill('SIGKILL');
  await exited;
  // The kernel frees some of them a moment later.
  for (const end = Date.now() + WAIT_LIMIT_MS; Date.now() < end; await delay(50)) {
    if (KINDS.every((kind) => alive(held)[kind].length === 0)) break;
  }
  expect(alive(held)).toEqual(NOTHING);
  return held;
}

describe('a receiver that is killed', () => {
  it('leaves no program, map or link behind, while it runs', async () => {
    const child = spawn(process.execPath, [PROBE, JSON.stringify(INPUT)], { stdio: 'ignore' });
    const isComplete = ({ prog, link }: Record<Kind, Set<number>>): boolean =>
      prog.size >= 10 && link.size >= 10;
    for (const end = Date.now() + WAIT_LIMIT_MS; Date.now() < end; await delay(50)) {
      if (isComplete(heldBy(child.pid as number))) break;
    }
    expect(isComplete(await killAndLook(child))).toBe(true);
  });

  it('leaves none behind at any moment of its start', async () => {
    let most = 0;
    // From before its first program to after its last, by how many it has.
    for (const programs of [0, 1, 3, 6, 10, 15]) {
      const child = spawn(process.execPath, [PROBE, JSON.stringify(INPUT)], { stdio: 'ignore' });
      for (const end = Date.now() + WAIT_LIMIT_MS; Date.now() < end; await delay(5)) {
        if (heldBy(child.pid as number).prog.size >= programs) break;
      }
      const held = await killAndLook(child);
      most = Math.max(most, held.prog.size);
    }
    expect(most).toBeGreaterThanOrEqual(15);
  });
});

describe('a receiver that reads by sock_diag', () => {
  it('lets go of a network namespace that nobody else has any more', async () => {
    await withLab(async (lab) => {
      const hasWire = (): boolean => {
        try {
          lab.inClient('ip', 'link', 'show', 'wire');
          return true;
        } catch {
          return false;
        }
      };
      await watching(
        async () => {
          expect(hasWire()).toBe(true);
          // A wire is gone when the namespace of its other end is.
          execFileSync('ip', ['netns', 'del', lab.server[3] as string]);
          for (const end = Date.now() + WAIT_LIMIT_MS; hasWire() && Date.now() < end; ) await delay(50);
          expect(hasWire()).toBe(false);
        },
        { flows: { source: 'sock_diag' } },
      );
    });
  });
});

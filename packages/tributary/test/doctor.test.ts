import { spawn } from 'node:child_process';
import { examineMachine } from '@tributary/bpf';
import { describe, expect, it, type TestContext } from 'vitest';
import { follow, MAIN, type Outcome } from './run-cli.ts';

const { problems } = examineMachine();

/** Programs run by another user, and with other capabilities, which only root can arrange. */
function skipWithoutRoot({ skip }: TestContext): void {
  skip(problems.length > 0, `needs BPF: ${problems.join(' ')}`);
}

/** Runs `tributary doctor` as a user with these capabilities and no others. */
async function doctorWith(capabilities: readonly string[], ...args: readonly string[]): Promise<Outcome> {
  const set = ['-all', ...capabilities.map((name) => `+${name}`)].join();
  const setpriv = ['--reuid=65534', '--clear-groups', `--inh-caps=${set}`, `--bounding-set=${set}`];
  if (capabilities.length > 0) setpriv.push(`--ambient-caps=${set}`);
  const child = spawn('setpriv', [...setpriv, process.execPath, MAIN, 'doctor', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return await follow(child).ended;
}

/** What it says of the parts of the receiver, in JSON. */
async function statesWith(
  capabilities: readonly string[],
): Promise<{ code: number | null; states: unknown }> {
  const { code, stdout } = await doctorWith(capabilities, '--json');
  const { parts } = JSON.parse(stdout) as { parts: { title: string; state: string }[] };
  return { code, states: Object.fromEntries(parts.map(({ title, state }) => [title, state])) };
}

describe('tributary doctor', () => {
  it('tells a user without capabilities what does not run, why, and what to do', async (context) => {
    skipWithoutRoot(context);
    const { code, stdout, stderr } = await doctorWith([]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toContain('\n  FAIL  capabilities  none that are asked for\n');
    expect(stdout).toContain(
      [
        '  FAIL  flows         TCP by BPF',
        '                      - this process may not load BPF programs (it has neither CAP_BPF with CAP_PERFMON nor CAP_SYS_ADMIN)',
        '                        missing: all of it',
        '                        Run it as root, or give it these capabilities.',
        '  part  flows         TCP by sock_diag (only where BPF cannot run)',
        '                      - CAP_SYS_ADMIN is missing',
        '                        missing: connections of other network namespaces: of all pods',
        '                        Give it this capability.',
      ].join('\n'),
    );
    expect(stdout).toMatch(/^ {2}systemd {7}AmbientCapabilities=CAP_BPF(?: CAP_NET_ADMIN)? CAP_PERFMON$/m);
    expect(stdout).toMatch(/\nThese blocks cannot run here: drops, processes\. The others run\.\n$/);
  });

  it.for([
    { capabilities: [], bpf: 'cannot_run', code: 1 },
    { capabilities: ['bpf'], bpf: 'cannot_run', code: 1 },
    { capabilities: ['perfmon'], bpf: 'cannot_run', code: 1 },
    { capabilities: ['bpf', 'perfmon'], bpf: 'partly', code: 0 },
    { capabilities: ['bpf', 'perfmon', 'net_admin', 'sys_admin'], bpf: 'runs', code: 0 },
  ])('tells the truth to a user with $capabilities', async ({ capabilities, bpf, code }, context) => {
    skipWithoutRoot(context);
    const isAllowed = bpf !== 'cannot_run';
    const mayAskConntrack = capabilities.includes('net_admin');
    expect(await statesWith(capabilities)).toMatchObject({
      code,
      states: {
        'TCP by BPF': bpf,
        'TCP by sock_diag': 'partly',
        'address translation': mayAskConntrack ? 'runs' : 'cannot_run',
        'dropped packets': isAllowed ? 'runs' : 'cannot_run',
        'starts, ends and OOM kills': isAllowed ? 'runs' : 'cannot_run',
        'CPU, memory and disks of containers': 'runs',
        'cgroups as they come and go': isAllowed ? 'runs' : 'partly',
      },
    });
  });

  it('says to root of a machine that allows everything that every block runs', async (context) => {
    skipWithoutRoot(context);
    const child = spawn(process.execPath, [MAIN, 'doctor'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const { code, stdout } = await follow(child).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nEvery block runs here\.\n$/);
  });
});

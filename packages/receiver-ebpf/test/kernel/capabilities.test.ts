/** What each set of capabilities that docs/permissions.md names is good for: the receiver runs with exactly those. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { withLab } from './lab.ts';
import { type Step, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

const run = promisify(execFile);
const PROBE = path.join(import.meta.dirname, '../../testdata/run-receiver.ts');

const EVERY_BLOCK = { flows: { interval: '200ms', udp: {} }, drops: {}, processes: {}, resources: {} };

const NO_BPF =
  'bpf: this process may not load BPF programs (it has neither CAP_BPF with CAP_PERFMON nor CAP_SYS_ADMIN). ' +
  'Run it as root, or give it these capabilities.';
const FALLBACK = `TCP flows are read by sock_diag, for BPF cannot run here: ${NO_BPF}`;
const NO_UDP =
  'a part of flows cannot run: ebpf: flows::udp: this process may not attach programs to cgroups (it has no CAP_NET_ADMIN). ' +
  'Give it this capability, or set flows::udp::enabled to false.';
const NO_CONNTRACK =
  'the backends of Services are not known from conntrack: conntrack: the kernel does not say where it sent connections ' +
  '(EPERM: operation not permitted). Give this process CAP_NET_ADMIN.';

beforeEach(skipWithoutBpf);

/** What testdata/run-receiver.ts reports as a user with these capabilities and no others. */
async function runWith(capabilities: readonly string[], input: object): Promise<Record<string, unknown>> {
  const set = ['-all', ...capabilities.map((name) => `+${name}`)].join();
  const command = ['--reuid=65534', '--clear-groups', `--inh-caps=${set}`, `--bounding-set=${set}`];
  if (capabilities.length > 0) command.push(`--ambient-caps=${set}`);
  const { stdout } = await run('setpriv', [...command, process.execPath, PROBE, JSON.stringify(input)]);
  return JSON.parse(stdout);
}

describe('with every block the receiver', () => {
  it.each([
    {
      capabilities: [],
      lacks: [
        FALLBACK,
        `a block cannot run: drops: ${NO_BPF}`,
        `a block cannot run: processes: ${NO_BPF}`,
        `a part of flows cannot run: ${NO_BPF}`,
        NO_CONNTRACK,
      ],
    },
    { capabilities: ['bpf'], lacks: expect.arrayContaining([FALLBACK]) },
    { capabilities: ['perfmon'], lacks: expect.arrayContaining([FALLBACK]) },
    { capabilities: ['bpf', 'perfmon'], lacks: [NO_UDP, NO_CONNTRACK] },
    { capabilities: ['bpf', 'perfmon', 'net_admin'], lacks: undefined },
  ])(
    'says to a user with $capabilities what is missing, and nothing else',
    async ({ capabilities, lacks }) => {
      const report = await runWith(capabilities, { config: EVERY_BLOCK });
      expect(report['reported']).toEqual([]);
      expect((report['lacks'] as string[] | undefined)?.toSorted()).toEqual(lacks);
    },
  );
});

describe('by sock_diag the receiver', () => {
  const config = { flows: { source: 'sock_diag', interval: '200ms', conntrack: { enabled: false } } };
  const steps = (begin: readonly Step[]): Step[] => [...begin, { do: 'wait' }];

  it('sees connections of other network namespaces with CAP_SYS_ADMIN and CAP_SYS_PTRACE', async () => {
    await withLab((lab) =>
      withPeers(async (start) => {
        const server = start(
          steps([
            { do: 'listen', socket: 'l', host: '0.0.0.0' },
            { do: 'accept', from: 'l', socket: 'a' },
          ]),
          lab.server,
        );
        const { port = 0 } = await server.next();
        const client = start(
          steps([{ do: 'connect', socket: 'c', host: lab.serverAddress, port }]),
          lab.client,
        );
        await client.next();
        const report = await runWith(['sys_admin', 'sys_ptrace'], { config, untilOpenTo: port });
        expect(report).toMatchObject({ reported: [], flows: [`${port} open`, `${port} open`], logs: [] });
      }),
    );
  });

  it('says that it cannot enter them without', async () => {
    await withLab(async () => {
      expect(await runWith([], { config })).toMatchObject({
        reported: [],
        logs: [
          'network namespaces cannot be entered, and their connections are not seen: that needs CAP_SYS_ADMIN',
        ],
      });
    });
  });
});

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { withLab } from './lab.ts';
import { startServer, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

const run = promisify(execFile);
const PROBE = path.join(import.meta.dirname, '../../testdata/run-receiver.ts');

beforeEach(skipWithoutBpf);

/** A command that runs a program with these two capabilities and no others. */
const BPF_AND_PERFMON = withCapabilities('+bpf,+perfmon');

function withCapabilities(capabilities: string): readonly string[] {
  return [
    'setpriv',
    '--reuid=65534',
    '--clear-groups',
    ...['inh', 'ambient'].map((set) => `--${set}-caps=-all,${capabilities}`),
    `--bounding-set=-all,${capabilities}`,
  ];
}

/** What testdata/run-receiver.ts reports, run by `command`. */
async function runReceiver(command: readonly string[], input: object = {}): Promise<unknown> {
  const [file = '', ...args] = [...command, process.execPath, PROBE, JSON.stringify(input)];
  return JSON.parse((await run(file, args)).stdout);
}

const NOBODY = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--reuid=65534', '--clear-groups'];
const ONLY_BPF = { flows: { source: 'bpf' } };

/** What a server says that takes one connection and reads it to its end. */
async function withServer(work: (port: number) => Promise<void>): Promise<void> {
  await withPeers(async (start) => {
    const { port } = await startServer(start);
    await work(port);
  });
}

describe('without the permission to load programs the receiver', () => {
  it('says so, by its state, if it must use them, and starts and stops all the same', async () => {
    expect(await runReceiver(NOBODY, { config: ONLY_BPF })).toEqual({
      reported: [
        {
          status: 'permanent_error',
          code: 'BPF_UNAVAILABLE',
          message:
            'bpf: this process may not load BPF programs (it has neither CAP_BPF with CAP_PERFMON nor CAP_SYS_ADMIN). ' +
            'Run it as root, or give it these capabilities.',
        },
      ],
      flows: [],
      logs: [],
    });
  });

  it('says so in a user namespace, where it only looks like root', async () => {
    const command = ['unshare', '--user', '--map-root-user'];
    expect(await runReceiver(command, { config: ONLY_BPF })).toMatchObject({
      reported: [
        {
          status: 'permanent_error',
          code: 'BPF_UNAVAILABLE',
          message: expect.stringMatching(
            /^bpf: object "tcp": the kernel does not create its maps \(EPERM: operation not permitted\)\. Run as root, or with /,
          ),
        },
      ],
      flows: [],
    });
  });

  it.each([
    ['as a user without any', NOBODY],
    ['in a user namespace', ['unshare', '--user', '--map-root-user']],
  ])(
    'reports the connections of its own network namespace by sock_diag, %s, and says so in one line',
    async (_, command) => {
      await withServer(async (port) => {
        const { reported, flows, logs } = (await runReceiver(command, { connectTo: port })) as {
          [name: string]: string[];
        };
        expect({ reported, flows }).toEqual({ reported: [], flows: [`${port} closed`, `${port} closed`] });
        expect(logs?.filter((line) => line.includes('sock_diag'))).toEqual([
          'TCP flows are read by sock_diag, for BPF cannot run here',
        ]);
      });
    },
  );
});

describe('with no more than CAP_BPF and CAP_PERFMON the receiver', () => {
  it('reports connections', async () => {
    await withServer(async (port) => {
      const report = await runReceiver(BPF_AND_PERFMON, { connectTo: port });
      expect(report).toMatchObject({ reported: [], flows: [`${port} closed`, `${port} closed`] });
    });
  });

  it.each([
    ['says that UDP flows are left out', BPF_AND_PERFMON, ['a part of flows cannot run']],
    ['and CAP_NET_ADMIN reports UDP flows too', withCapabilities('+bpf,+perfmon,+net_admin'), []],
  ])('%s', async (_, command, expected) => {
    await withServer(async (port) => {
      const { logs } = (await runReceiver(command, { connectTo: port })) as { logs: string[] };
      expect(logs.filter((line) => line.includes('cannot run') || line.includes('program'))).toEqual(
        expected,
      );
    });
  });

  it('counts drops', async () => {
    await withLab(async (lab) => {
      const report = await runReceiver([...lab.client, ...BPF_AND_PERFMON], { datagramTo: 9 });
      expect(report).toEqual({ reported: [], flows: [], drops: 1, logs: [] });
    });
  });
});

describe('with no more than CAP_BPF and CAP_PERFMON the block processes', () => {
  it('reports what starts and ends', async () => {
    const caps = '+bpf,+perfmon';
    const report = await runReceiver(
      [
        'setpriv',
        '--reuid=65534',
        '--clear-groups',
        `--inh-caps=-all,${caps}`,
        `--ambient-caps=-all,${caps}`,
        `--bounding-set=-all,${caps}`,
      ],
      { config: { processes: { arguments: true } }, command: ['sh', '-c', 'exit 3'] },
    );
    expect(report).toMatchObject({
      reported: [],
      logs: [],
      events: [
        ['process.start', 'sh -c exit 3', null, 65_534],
        ['process.exit', null, 3, 65_534],
      ],
    });
  });
});

describe('in a pid namespace of its own the receiver', () => {
  it('sweeps the connections of processes that it cannot see', async () => {
    await withPeers(async (start) => {
      const { port } = await startServer(start);
      const client = start([
        { do: 'wait' },
        { do: 'connect', socket: 'c', host: '127.0.0.1', port },
        { do: 'wait' },
      ]);
      const report = runReceiver(['unshare', '--pid', '--fork', '--mount-proc'], { untilOpenTo: port });
      setTimeout(() => client.go(), 3000);
      expect(await report).toMatchObject({ reported: [], flows: [`${port} open`, `${port} open`] });
    });
  });
});

/** A socket that outlives its process, on a machine where the container is what /proc says of a pid. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseMounts } from '@tributary/bpf';
import { beforeEach, expect, it } from 'vitest';
import { findHierarchies } from '../../src/resources/hierarchies.ts';
import { withCgroups } from './cgroup-lab.ts';
import { startServer, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { watching } from './watch.ts';

const PROGRAM = path.join(import.meta.dirname, '../../testdata/reuse_pid.py');
const ID = 'c'.repeat(64);
const UID = '1b2c3d4e-0000-4444-8888-aaaabbbbcccc';

beforeEach(skipWithoutBpf);

it.for([
  { when: 'is met first when the pid is another’s', interval: '1h' },
  { when: 'was met before', interval: '100ms' },
])(
  'the container of the next owner of a pid is not that of a connection that $when',
  async ({ interval }, context) => {
    const hierarchy = findHierarchies(parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'))).find(
      ({ controllers }) => controllers.includes('memory'),
    );
    context.skip(hierarchy === undefined, 'needs a hierarchy of version 1 with the controller memory');
    await watching(
      (watch) =>
        withPeers(async (start) => {
          const { server, port } = await startServer(start);
          await withCgroups(hierarchy?.mountPath ?? '', async (lab) => {
            const cgroup = lab.make(`kubepods/burstable/pod${UID}/${ID}`);
            const child = spawn('python3', [PROGRAM, String(port), cgroup], {
              stdio: ['pipe', 'pipe', 'inherit'],
            });
            const ended = once(child, 'exit');
            try {
              const { value } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
              const { pid } = JSON.parse(String(value));
              expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(ID);
              child.stdin.write('\n');
              await server.end();
              const flows = await watch.untilClosed(port, 2);
              const ofSource = flows.filter((flow) => flow['flow.observer'] === 'source');
              expect(
                ofSource.map((flow) => [flow['process.pid'], flow['container.id'], flow['k8s.pod.uid']]),
              ).toEqual(ofSource.map(() => [pid, undefined, undefined]));
              expect(ofSource.length).toBeGreaterThan(0);
            } finally {
              child.stdin.end('\n\n');
              await ended;
            }
          });
        }),
      { flows: { interval } },
    );
  },
);

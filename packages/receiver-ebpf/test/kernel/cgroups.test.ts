import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { examineMachine, parseMounts } from '@tributary/bpf';
import { captureLogger } from '@tributary/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { CgroupNames } from '../../src/cgroups/cgroup-names.ts';
import { CgroupWatch } from '../../src/cgroups/cgroup-watch.ts';
import { findHierarchies } from '../../src/resources/hierarchies.ts';
import { withCgroups } from './cgroup-lab.ts';
import { startServer, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { watching } from './watch.ts';

const run = promisify(execFile);
const { v2Path } = examineMachine().cgroups;
const root = v2Path as string;
const ID = `${process.pid.toString(16)}${'d'.repeat(64)}`.slice(0, 64);
const UID = '1b2c3d4e-0000-4444-8888-aaaabbbbcccc';
const SCRIPT = path.join(import.meta.dirname, '../../testdata/find-cgroup.ts');

beforeEach((context) => {
  skipWithoutBpf(context);
  context.skip(v2Path === undefined, 'needs cgroup version 2');
});

describe('CgroupWatch', () => {
  it('tells of each cgroup of version 2 that is made and removed, in order, by its id and path', async () => {
    const { logger, lines } = captureLogger();
    const watch = new CgroupWatch(logger);
    try {
      await withCgroups(root, async (lab) => {
        const odd = 'a name \u00e9\u0001';
        lab.make('pod/container');
        lab.make(odd);
        const ids = {
          '': lab.id(''),
          pod: lab.id('pod'),
          container: lab.id('pod/container'),
          odd: lab.id(odd),
        };
        lab.remove('pod/container');
        const told: unknown[] = [];
        const own = new Set(Object.values(ids));
        watch.drain({
          made: (id, found) => own.has(id) && told.push(['made', id, found]),
          removed: (id) => own.has(id) && told.push(['removed', id]),
        });
        expect(told).toEqual([
          ['made', ids[''], lab.path('').replace(/\/$/, '')],
          ['made', ids.pod, lab.path('pod')],
          ['made', ids.container, lab.path('pod/container')],
          ['made', ids.odd, lab.path(odd)],
          ['removed', ids.container],
        ]);
      });
      expect(watch.losses()).toEqual({ ring_buffer_full: 0, path_too_long: 0, missed_events: 0 });
    } finally {
      watch.close();
    }
    expect(lines).toEqual([]);
  });

  it('counts what finds no room, and the names are found by a walk all the same', async () => {
    const { logger } = captureLogger();
    const watch = new CgroupWatch(logger);
    const names = new CgroupNames(examineMachine().cgroups, { watch });
    try {
      await names.start();
      await withCgroups(root, async (lab) => {
        const long = 'x'.repeat(200);
        // 256 KiB take some 1,000 of these, and nothing is fetched meanwhile.
        for (let round = 0; round < 700; round += 1) {
          lab.make(long);
          lab.remove(long);
        }
        lab.make(`kubepods/pod${UID}/${ID}`);
        expect(watch.losses().ring_buffer_full).toBeGreaterThan(0);
        // A walk waits its turn: that of the start may have taken long, on a machine with many cgroups.
        await expect
          .poll(() => names.find(lab.id(`kubepods/pod${UID}/${ID}`), 0, 0))
          .toMatchObject({
            path: lab.path(`kubepods/pod${UID}/${ID}`),
            containerId: ID,
            podUid: UID,
          });
      });
    } finally {
      names.close();
    }
  });
});

describe('CgroupNames in a container', () => {
  it('finds cgroups outside of it by their paths from the root of the machine, though only its own are mounted', async () => {
    const outside = ID.replace(/d/g, 'e');
    await withCgroups(root, async (lab) => {
      const own = lab.make(`kubepods/pod${UID}/${ID}`);
      const other = lab.make(`kubepods/pod${UID}/${outside}`);
      const { stdout } = await run('unshare', [
        '--mount',
        'sh',
        '-c',
        // A process that was there before, outside; ours in its own cgroup namespace with only that part mounted.
        `sleep 60 & echo $! > ${other}/cgroup.procs; echo $$ > ${own}/cgroup.procs; ` +
          `unshare --cgroup --mount sh -c 'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"' sh "$@"; ` +
          `echo $$ > ${root}/cgroup.procs; kill $!; wait $! 2>/dev/null; true`,
        'sh',
        process.execPath,
        SCRIPT,
        String(lab.id(`kubepods/pod${UID}/${ID}`)),
        String(lab.id(`kubepods/pod${UID}/${outside}`)),
      ]);
      expect(JSON.parse(stdout)).toEqual({
        mount: '/sys/fs/cgroup',
        paths: [lab.path(`kubepods/pod${UID}/${ID}`), lab.path(`kubepods/pod${UID}/${outside}`)],
      });
    });
  });
});

describe('the flows of a container that lives for a moment', () => {
  it('name it, though it was made and removed before they were read', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        await withCgroups(root, async (lab) => {
          const { server, port } = await startServer(start);
          const container = lab.make(`kubepods/pod${UID}/${ID}`);
          const client = start(
            [{ do: 'connect', socket: 'c', host: '127.0.0.1', port }],
            ['sh', '-c', `echo $$ > ${container}/cgroup.procs; exec "$@"`, 'sh'],
          );
          await Promise.all([client.end(), server.end()]);
          lab.remove(`kubepods/pod${UID}/${ID}`);
          const flows = await watch.untilClosed(port, 2);
          const ofClient = flows.filter((flow) => flow['flow.observer'] === 'source');
          expect(ofClient.map((flow) => [flow['container.id'], flow['k8s.pod.uid']])).toEqual(
            ofClient.map(() => [ID, UID]),
          );
        });
      }),
    );
  });
});

describe('the flows of a container of version 1', () => {
  it('name it, though their sockets know of version 2 only', async (context) => {
    const hierarchy = findHierarchies(parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'))).find(
      ({ controllers }) => controllers.includes('memory'),
    );
    context.skip(hierarchy === undefined, 'needs a hierarchy of version 1 with the controller memory');
    await watching((watch) =>
      withPeers(async (start) => {
        await withCgroups(hierarchy?.mountPath ?? '', async (lab) => {
          const { server, port } = await startServer(start);
          const container = lab.make(`kubepods/burstable/pod${UID}/${ID}`);
          const client = start(
            [
              { do: 'connect', socket: 'c', host: '127.0.0.1', port },
              { do: 'wait' },
              { do: 'close', socket: 'c' },
            ],
            ['sh', '-c', `echo $$ > ${container}/cgroup.procs; exec "$@"`, 'sh'],
          );
          await client.next();
          // While the client lives: /proc knows nothing of a process that has ended.
          await watch.until(port, (flows) => flows.some((flow) => flow['flow.observer'] === 'source'));
          client.go();
          await Promise.all([client.end(), server.end()]);
          const flows = await watch.untilClosed(port, 2);
          const named = flows.map((flow) => [
            flow['flow.observer'],
            flow['container.id'],
            flow['k8s.pod.uid'],
          ]);
          expect(named).toEqual(
            flows.map(({ 'flow.observer': observer }) =>
              observer === 'source' ? [observer, ID, UID] : [observer, undefined, undefined],
            ),
          );
        });
      }),
    );
  });
});

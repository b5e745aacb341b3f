import { execFile, spawn } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { examineMachine } from '@tributary/bpf';
import { beforeEach, describe, expect, it } from 'vitest';
import { startServer, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';
import { type Flow, totals, watching } from './watch.ts';

const run = promisify(execFile);

beforeEach(skipWithoutBpf);

/** Which process each observer names in its last record, the source first. */
function processes(flows: readonly Flow[]): unknown[] {
  return ['source', 'destination'].map((observer) => {
    const flow = flows.filter((found) => found['flow.observer'] === observer).at(-1);
    return flow === undefined ? undefined : [flow['process.pid'], flow['process.executable.name']];
  });
}

describe('the process of a connection', () => {
  it('is the program at each end, whatever its threads are called: curl and node, with the bytes that both count', async () => {
    await watching(async (watch) => {
      const counted: { in: number; out: number }[] = [];
      const server = createServer((request, response) => {
        request.socket.once('close', () =>
          counted.push({ in: request.socket.bytesRead, out: request.socket.bytesWritten }),
        );
        response.end('x'.repeat(100_000));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const curl = spawn('curl', ['-s', '-o', '/dev/null', `http://127.0.0.1:${port}/`]);
      await new Promise((resolve) => curl.once('exit', resolve));
      const flows = await watch.untilClosed(port, 2);
      server.close();
      expect(processes(flows)).toEqual([
        [curl.pid, 'curl'],
        [process.pid, path.basename(process.execPath)],
      ]);
      const [bytes] = counted;
      expect(totals(flows)).toEqual(
        ['source', 'destination'].map((observer) => ({
          observer,
          sourceBytes: bytes?.in,
          destinationBytes: bytes?.out,
          end: 'closed',
        })),
      );
    });
  });

  it('is the one that took the connection, not the one that listens, whether it lives long or not', async () => {
    await watching((watch) =>
      withPeers(async (start) => {
        const worker = [
          { do: 'accept', from: 'l', socket: 'a' },
          { do: 'receive', socket: 'a', bytes: 5 },
          { do: 'wait' },
          { do: 'close', socket: 'a' },
        ];
        const server = start([
          { do: 'listen', socket: 'l', host: '127.0.0.1' },
          { do: 'fork', steps: worker },
          { do: 'sleep' },
        ]);
        const { port = 0 } = await server.next();
        const { pid: workerPid } = await server.next();
        const client = start([
          { do: 'connect', socket: 'c', host: '127.0.0.1', port },
          { do: 'send', socket: 'c', bytes: 5 },
          { do: 'receive', socket: 'c' },
        ]);
        const { pid: clientPid } = await client.next();
        const expected = [
          [clientPid, expect.stringMatching(/^python3/)],
          [workerPid, expect.stringMatching(/^python3/)],
        ];
        expect(processes(await watch.until(port, (flows) => flows.length >= 2))).toEqual(expected);
        server.go();
        await client.end();
        expect(processes(await watch.untilClosed(port, 2))).toEqual(expected);
      }),
    );
    await watching(
      (watch) =>
        withPeers(async (start) => {
          const worker = [
            { do: 'accept', from: 'l', socket: 'a' },
            { do: 'receive', socket: 'a' },
            { do: 'close', socket: 'a' },
          ];
          const server = start([
            { do: 'listen', socket: 'l', host: '127.0.0.1' },
            { do: 'fork', steps: worker },
            { do: 'sleep' },
          ]);
          const { port = 0 } = await server.next();
          const { pid: workerPid } = await server.next();
          const client = start([
            { do: 'connect', socket: 'c', host: '127.0.0.1', port },
            { do: 'close', socket: 'c' },
          ]);
          await client.end();
          const [, destination] = processes(await watch.untilClosed(port, 2));
          expect(destination).toEqual([workerPid, expect.stringMatching(/^python3/)]);
        }),
      // No sweep comes by.
      { flows: { interval: '1h' } },
    );
  });
});

describe('the cgroup of a connection', () => {
  const { v2Path } = examineMachine().cgroups;
  const POD = `kubepods-tributary-${process.pid}`;
  const ID = `${process.pid.toString(16)}${'c'.repeat(64)}`.slice(0, 64);

  const UID = '1b2c3d4e-0000-4444-8888-aaaabbbbcccc';

  it('names the container and its pod, and still does when the container is gone', async ({ skip }) => {
    skip(v2Path === undefined, 'needs cgroup version 2');
    const pod = path.join(v2Path as string, POD);
    const container = path.join(pod, 'burstable', `pod${UID}`, ID);
    mkdirSync(container, { recursive: true });
    const directories = [container];
    while (directories.at(-1) !== pod) directories.push(path.dirname(directories.at(-1) as string));
    try {
      await watching((watch) =>
        withPeers(async (start) => {
          const { server, port } = await startServer(start);
          const client = start(
            [
              { do: 'say', text: 'up' },
              { do: 'wait' },
              { do: 'connect', socket: 'c', host: '127.0.0.1', port },
              { do: 'say', text: 'connected' },
              { do: 'wait' },
              { do: 'close', socket: 'c' },
            ],
            ['sh', '-c', `echo $$ > ${container}/cgroup.procs; exec "$@"`, 'sh'],
          );
          await client.next();
          client.go();
          await client.next();
          await client.next();
          await watch.until(port, (flows) => flows.length >= 2);
          client.go();
          await Promise.all([client.end(), server.end()]);
          for (const directory of directories.splice(0)) rmdirSync(directory);
          const flows = await watch.untilClosed(port, 2);
          const ofClient = flows.filter((flow) => flow['flow.observer'] === 'source');
          for (const flow of ofClient) {
            expect(flow).toMatchObject({
              'process.linux.cgroup': `/${POD}/burstable/pod${UID}/${ID}`,
              'container.id': ID,
              'k8s.pod.uid': UID,
            });
          }
          const ofServer = flows.filter((flow) => flow['flow.observer'] === 'destination');
          expect(ofServer.map((flow) => flow['container.id'])).toEqual(ofServer.map(() => undefined));
        }),
      );
    } finally {
      for (const directory of directories) rmdirSync(directory);
    }
  });

  it('is what /proc says where version 2 says nothing', async ({ skip }) => {
    const { stdout } = await run('cat', [`/proc/${process.pid}/cgroup`]);
    const own = /^0::(.*)$/m.exec(stdout)?.[1];
    skip(own === undefined, 'needs cgroup version 2');
    await watching((watch) =>
      withPeers(async (start) => {
        const { server, port } = await startServer(start);
        const client = start([{ do: 'connect', socket: 'c', host: '127.0.0.1', port }]);
        await Promise.all([client.end(), server.end()]);
        const flows = await watch.untilClosed(port, 2);
        expect(flows.map((flow) => flow['process.linux.cgroup'])).toEqual(flows.map(() => own));
      }),
    );
  });
});

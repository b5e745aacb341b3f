/** Workers on one socket, as where the system has no SO_REUSEPORT, and on addresses that one of them serves alone. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  loadConfig,
  placeComponents,
  Registry,
  Service,
  TelemetryRegistry,
  WorkerPool,
  type WorkerStart,
} from '@tributary/core';
import { captureLogger, numberedBatch } from '@tributary/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { BUILTIN_FACTORIES } from '../../src/builtin.ts';
import { post, RECEIVERS, startProgram, testFolder, until } from './program.ts';

const WITHOUT = pathToFileURL(path.join(import.meta.dirname, 'without-reuseport.mjs')).href;

/** Item 13 ends the thread that takes it; item 14 stops it until a file says that this worker may go on. */
const TROUBLE = `import { defineProcessor, z } from '@tributary/core';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

export const trouble = defineProcessor({
  type: 'trouble',
  description: 'Ends or stops its thread.',
  signals: { traces: 'development' },
  isCopyable: true,
  configSchema: z.strictObject({ folder: z.string() }),
  create: (settings, { folder }, next) => ({
    mutatesData: false,
    consume: (batch) => {
      const text = batch.toJson();
      if (text.includes('"span 13"')) {
        setImmediate(() => { throw new Error('out of the blue'); });
        return new Promise(() => undefined);
      }
      if (text.includes('"span 14"')) {
        writeFileSync(folder + '/stopped-' + workerData.number, '');
        const pause = new Int32Array(new SharedArrayBuffer(4));
        while (!existsSync(folder + '/go-on-' + workerData.number)) Atomics.wait(pause, 0, 0, 20);
      }
      return next.consume(batch);
    },
  }),
});
`;

const PIPELINE = (folder: string): string => `plugins: [./trouble.ts]
${RECEIVERS}
processors: { trouble: { folder: ${folder} } }
exporters: { nop: {} }
service: { pipelines: { traces: { receivers: [otlp], processors: [trouble], exporters: [nop] } } }
`;

/** What a worker says of what it listens on. */
interface Found {
  readonly kind: string;
  readonly listeners: Readonly<Record<string, { readonly port: number }>>;
}

/** How many sockets listen on a port of 127.0.0.1 (proc_pid_net(5)); state 0A is TCP_LISTEN. */
function listeningSockets(address: string): number {
  const port = Number(address.split(':')[1]).toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return rows.filter((row) => row.includes(`0100007F:${port} 00000000:0000 0A`)).length;
}

// Its view of the sockets is that of Linux.
it.runIf(process.platform === 'linux')(
  'without SO_REUSEPORT all workers take connections of one socket, the successor of the one that made it too',
  async () => {
    const folder = testFolder(new Map([['trouble.ts', TROUBLE]]));
    const program = await startProgram(folder, PIPELINE(folder), 2, { NODE_OPTIONS: `--import=${WITHOUT}` });
    expect([program.http, program.grpc].map(listeningSockets)).toEqual([1, 1]);
    const isStopped = (worker: number): boolean => existsSync(path.join(folder, `stopped-${worker}`));
    const goOn = (worker: number): void => writeFileSync(path.join(folder, `go-on-${worker}`), '');
    const send = (item: number) => post(program.http, numberedBatch('traces', [item]));

    const first = send(14);
    await until('one worker has stopped', () => isStopped(1) || isStopped(2));
    const second = send(14);
    await until('both have', () => isStopped(1) && isStopped(2));
    goOn(1);
    // Only the first can take these: the other stands still.
    expect(await send(13)).toBe(0);
    await program.running.saw('a worker died');
    expect(await send(1)).toBe(200);
    goOn(2);
    expect((await Promise.all([first, second])).toSorted()).toEqual([200, 200]);
    expect(program.running.output().stderr).not.toContain('one worker alone');

    program.running.child.kill('SIGTERM');
    expect([(await program.running.ended).code, await send(1)]).toEqual([0, 0]);
  },
  180_000,
);

// As above.
it.runIf(process.platform === 'linux')(
  'the socket of a worker that listened and did not start is closed',
  async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    const file = path.join(testFolder(), 'config.yaml');
    writeFileSync(
      file,
      `receivers: { otlp: { protocols: { grpc: { endpoint: "127.0.0.1:0" }, http: { endpoint: "127.0.0.1:${port}" } } } }
exporters: { nop: {} }
service: { workers: 2, pipelines: { traces: { receivers: [otlp], exporters: [nop] } } }
`,
    );
    const commandLine = { uris: [file], sets: [] };
    const registry = new Registry(BUILTIN_FACTORIES);
    const { config, sources } = await loadConfig({ ...commandLine, registry });
    const placement = placeComponents(config);
    if (placement === undefined) throw new Error('the receiver is not copied');
    const found: Found[] = [];
    const { logger } = captureLogger();
    const telemetry = new TelemetryRegistry();
    const workers = new WorkerPool({
      ...{ count: config.workers, placement, logger, telemetry },
      spawn: (start) => {
        const worker = new Worker(new URL('../../src/worker.ts', import.meta.url), {
          workerData: { ...start, ...commandLine, sources, compileCache: undefined } satisfies WorkerStart,
          execArgv: [`--import=${WITHOUT}`],
        });
        return worker.on('message', (message: Found) => {
          if (message.kind === 'listening') found.push(message);
        });
      },
    });
    const service = Service.create(config, { logger, telemetry, version: '0', workers });
    await expect(service.start()).rejects.toThrow('EADDRINUSE');
    expect(found).toMatchObject([{ listeners: { '1 127.0.0.1:0': { sharing: 'descriptor' } } }]);
    const ports = found.flatMap(({ listeners }) => Object.values(listeners)).map((it) => it.port);
    expect([...ports, port].map((it) => listeningSockets(`127.0.0.1:${it}`))).toEqual([0, 1]);
    await service.shutdown();
  },
  180_000,
);

it('the program says which addresses one worker serves alone', async () => {
  const folder = testFolder(new Map([['trouble.ts', TROUBLE]]));
  const socket = path.join(folder, 'otlp.sock');
  const yaml = PIPELINE(folder).replace('endpoint: "127.0.0.1:0"', `endpoint: ${socket}, transport: unix`);
  const { running } = await startProgram(folder, yaml, 2);
  const lines = running.output().stderr.split('\n');
  expect(lines.filter((line) => line.includes('one worker alone')).length).toBe(1);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { examineMachine } from '@tributary/bpf';
import { freePort } from '@tributary/lab';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { existingCollector } from '../bench/src/peer.ts';
import { follow, type Running, start } from '../packages/tributary/test/run-cli.ts';

const BODY = 'x'.repeat(100_000);

let folder: string;
const running: Running[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tributary-flows-'));
});
afterEach(async () => {
  for (const { child } of running) child.kill('SIGTERM');
  await Promise.all(running.splice(0).map(({ ended }) => ended));
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** Runs Tributary with the kernel's flows going to an OTLP endpoint. */
async function startAgent(endpoint: string): Promise<void> {
  const agent = start([
    '--config',
    write(
      'agent.yaml',
      `receivers: { ebpf: { flows: { interval: 1s } } }
exporters: { otlp: { endpoint: "${endpoint}", tls: { insecure: true } } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [ebpf], exporters: [otlp] } }
`,
    ),
  ]);
  running.push(agent);
  await agent.saw('everything is ready');
}

/** Lets curl, python and node fetch a page of known size from a server of this process; returns the server's port. */
async function makeConnections(): Promise<number> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': BODY.length, connection: 'close' }).end(BODY);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const clients: [string, string[]][] = [
    ['curl', ['-s', '-o', '/dev/null', url]],
    ['python3', ['-c', `import urllib.request; urllib.request.urlopen("${url}").read()`]],
    [process.execPath, ['-e', `fetch("${url}").then((answer) => answer.text())`]],
  ];
  for (const [program, args] of clients) {
    const client = spawn(program, args, { stdio: 'ignore' });
    const [code] = await once(client, 'exit');
    expect([program, code]).toStrictEqual([program, 0]);
  }
  server.close();
  return port;
}

function skipWithoutBpf(context: { skip(reason: string): void }): void {
  const { problems } = examineMachine();
  if (problems.length > 0) context.skip(`no BPF here: ${problems.join(' ')}`);
}

describe('flows from the kernel', () => {
  it('reach a second Tributary with the programs, addresses and bytes of real connections', async (context) => {
    skipWithoutBpf(context);
    const port = await freePort();
    const backend = start([
      '--config',
      write(
        'backend.yaml',
        `receivers: { otlp: { protocols: { grpc: { endpoint: "127.0.0.1:${port}" } } } }
exporters: { debug: { verbosity: basic } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [otlp], exporters: [debug] } }
`,
      ),
    ]);
    running.push(backend);
    await backend.saw('everything is ready');
    await startAgent(`127.0.0.1:${port}`);
    const serverPort = await makeConnections();
    const linesOf = (program: string) =>
      backend
        .output()
        .stdout.split('\n')
        .filter((line) => line.includes(`→ 127.0.0.1:${serverPort} `) && line.includes(program));
    for (const program of ['curl[', 'python3', 'node[']) {
      await expect
        .poll(() => linesOf(program).filter((line) => / client .* closed /.test(line)).length, {
          timeout: 20_000,
        })
        .toBeGreaterThan(0);
    }
    const [curl = ''] = linesOf('curl[');
    expect(curl).toMatch(/ curl\[\d+\] +client +127\.0\.0\.1:\d+ +→ 127\.0\.0\.1:\d+ +tcp ipv4 +closed /);
    expect(curl).toMatch(/↓98 KiB /);
  });

  it('reach an official OTLP receiver', async (context) => {
    skipWithoutBpf(context);
    const collector = existingCollector();
    if (collector === undefined) {
      context.skip(
        'no Go Collector here: name one by OTELCOL, or build one by "node scripts/run.mjs collector"',
      );
      return;
    }
    const port = await freePort();
    const config = write(
      'collector.yaml',
      `receivers: { otlp: { protocols: { grpc: { endpoint: "127.0.0.1:${port}" } } } }
exporters: { debug: { verbosity: detailed } }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [otlp], exporters: [debug] } }
`,
    );
    const backend = follow(spawn(collector, ['--config', config], { stdio: ['ignore', 'pipe', 'pipe'] }));
    running.push(backend);
    await backend.saw('Everything is ready');
    await startAgent(`127.0.0.1:${port}`);
    const serverPort = await makeConnections();
    const output = () => backend.output().stderr + backend.output().stdout;
    await expect.poll(output, { timeout: 20_000 }).toContain(`destination.port: Int(${serverPort})`);
    const records = output().split('LogRecord #');
    const curls = records.filter(
      (record) =>
        record.includes(`destination.port: Int(${serverPort})`) &&
        record.includes('process.executable.name: Str(curl)') &&
        record.includes('flow.observer: Str(source)'),
    );
    expect(curls).toHaveLength(1);
    expect(curls[0]).toContain('EventName: network.flow');
    expect(curls[0]).toContain('source.address: Str(127.0.0.1)');
    expect(curls[0]).toContain('destination.address: Str(127.0.0.1)');
    expect(curls[0]).toContain('network.transport: Str(tcp)');
    expect(curls[0]).toContain('network.type: Str(ipv4)');
    expect(curls[0]).toContain('flow.state: Str(closed)');
    expect(curls[0]).toContain('flow.end_reason: Str(closed)');
    const sent = Number(/flow\.destination\.bytes: Int\((\d+)\)/.exec(curls[0] ?? '')?.[1]);
    expect(sent).toBeGreaterThan(BODY.length);
    expect(sent).toBeLessThan(BODY.length + 400);
  });
});

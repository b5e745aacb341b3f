import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Batch } from '@tributary/core';
import { batchJson, describeConformance, nopHost, sink, testSettings } from '@tributary/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tcpCheckReceiver } from './tcp-check.ts';

describeConformance(tcpCheckReceiver, {
  packageName: 'receiver-tcp-check',
  requiredSettings: ['targets'],
  config: { targets: ['127.0.0.1:1'] },
  exceptions: { 'acknowledged-not-lost': 'it makes its data itself: there is no client to answer' },
});

let server: Server;
let port: number;

beforeEach(async () => {
  server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

afterEach(() => {
  server.close();
});

/** The metrics of a batch, with zero for what depends on the clock. */
function metrics(batch: Batch | undefined): unknown {
  const json = JSON.stringify(batch === undefined ? [] : batchJson(batch));
  return JSON.parse(
    json
      .replace(/"timeUnixNano":"\d+"/g, '"timeUnixNano":"0"')
      .replace(/"asDouble":[\d.e-]+/g, '"asDouble":0'),
  );
}

function target(host: string, number: number): unknown[] {
  return [
    { key: 'server.address', value: { stringValue: host } },
    { key: 'server.port', value: { intValue: String(number) } },
  ];
}

async function firstRound(targets: readonly string[], timeout = '3s'): Promise<unknown> {
  const next = Object.assign(sink(), { signals: new Set(['metrics'] as const) });
  const config = tcpCheckReceiver.configSchema.parse({ targets, interval: '1h', timeout });
  const receiver = tcpCheckReceiver.create(testSettings(), config, next);
  await receiver.start?.(nopHost());
  const [batch] = await next.received(targets.length * 2);
  await receiver.shutdown?.();
  return metrics(batch);
}

test('a target that takes the connection is up, one that refuses it is down with the reason', async () => {
  const refusing = createServer();
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  const address = refusing.address();
  const closedPort = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise((resolve) => refusing.close(resolve));

  const refused = { key: 'error.type', value: { stringValue: 'ECONNREFUSED' } };
  expect(await firstRound([`127.0.0.1:${port}`, `127.0.0.1:${closedPort}`])).toEqual({
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'host.name', value: { stringValue: hostname() } }] },
        scopeMetrics: [
          {
            scope: { name: 'tcp_check' },
            metrics: [
              {
                name: 'tcp_check.up',
                unit: '1',
                gauge: {
                  dataPoints: [
                    { attributes: target('127.0.0.1', port), timeUnixNano: '0', asInt: '1' },
                    {
                      attributes: [...target('127.0.0.1', closedPort), refused],
                      timeUnixNano: '0',
                      asInt: '0',
                    },
                  ],
                },
              },
              {
                name: 'tcp_check.duration',
                unit: 's',
                gauge: {
                  dataPoints: [
                    { attributes: target('127.0.0.1', port), timeUnixNano: '0', asDouble: 0 },
                    {
                      attributes: [...target('127.0.0.1', closedPort), refused],
                      timeUnixNano: '0',
                      asDouble: 0,
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  });
});

test('a target that is no address of anything is down', async () => {
  expect(JSON.stringify(await firstRound(['nothing.invalid:1']))).toMatch(
    /"error.type","value":\{"stringValue":"E[A-Z_]+"/,
  );
});

test('a target that does not answer in time is down', async () => {
  // A listener that accepts nothing, with a queue of one: the kernel leaves further connections without an answer.
  const listen =
    "const s = require('net').createServer().listen(0, '127.0.0.1', 1, () => console.log(s.address().port))";
  const silent = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'ignore'] });
  const silentPort = Number(await new Promise((resolve) => silent.stdout.once('data', resolve)));
  silent.kill('SIGSTOP');
  const waiting = Array.from({ length: 8 }, () =>
    connect(silentPort, '127.0.0.1').on('error', () => undefined),
  );
  await once(waiting[0] as Socket, 'connect');
  const round = JSON.stringify(await firstRound([`127.0.0.1:${silentPort}`], '200ms'));
  for (const socket of waiting) socket.destroy();
  silent.kill('SIGKILL');
  expect(round).toContain('{"key":"error.type","value":{"stringValue":"ETIMEDOUT"}}');
});

describe('configs/plugin-example.yaml', () => {
  test('runs as it is: the program loads the plugin and prints what it measures', async () => {
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, '../../packages/tributary/src/main.ts'),
        `--config=${join(import.meta.dirname, '../plugin-example.yaml')}`,
        '--set=service.telemetry.metrics.level=none',
      ],
      { env: { ...process.env, TCP_CHECK_TARGET: `127.0.0.1:${port}` }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    const seen = Promise.withResolvers<void>();
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('tcp_check.duration')) seen.resolve();
      });
    }
    const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
    void exit.then((code) => seen.reject(new Error(`ended with ${code}:\n${output}`)));
    await seen.promise;
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output).toMatch(
      new RegExp(`tcp_check\\.up .*server\\.address=127\\.0\\.0\\.1 .*server\\.port=${port} 1\n`),
    );
  });
});

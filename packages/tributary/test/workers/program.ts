// The program with workers, as a process of its own, between clients and a backend of the test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { credentials, Client as GrpcClient } from '@grpc/grpc-js';
import type { Batch, Consumer } from '@tributary/core';
import { otlpReceiver } from '@tributary/receiver-otlp';
import { nopHost, signalConsumer, testSettings } from '@tributary/testkit';
import { onTestFinished } from 'vitest';
import { type Running, start } from '../run-cli.ts';

const TRACES_METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** A folder with these files that is gone when the test is over. */
export function testFolder(files: ReadonlyMap<string, string> = new Map()): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-workers-'));
  for (const [name, text] of files) writeFileSync(path.join(folder, name), text);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a backend that takes OTLP over HTTP; returns its address. */
export async function startBackend(next: Consumer): Promise<string> {
  const settings = testSettings({ kind: 'receiver', id: 'otlp' });
  const config = otlpReceiver.configSchema.parse({ protocols: { http: { endpoint: '127.0.0.1:0' } } });
  const receiver = otlpReceiver.create(settings, config, signalConsumer(next));
  await receiver.start?.(nopHost());
  onTestFinished(() => receiver.shutdown?.(AbortSignal.abort()));
  const listening = settings.logs.find(({ message }) => message === 'listening');
  return String(listening?.fields['endpoint']);
}

/** A program that runs. */
export interface Program {
  readonly running: Running;
  readonly http: string;
  readonly grpc: string;
  /** The program's own metrics by name and labels, without the scope's. */
  metrics(): Promise<ReadonlyMap<string, number>>;
}

/** What every configuration of these tests has. */
export const RECEIVERS = `
receivers:
  otlp:
    protocols:
      http: { endpoint: "127.0.0.1:0" }
      grpc: { endpoint: "127.0.0.1:0" }
`;

/** Runs a configuration with so many workers until the test is over. */
export async function startProgram(
  folder: string,
  yaml: string,
  workers: number,
  env: NodeJS.ProcessEnv = {},
): Promise<Program> {
  const file = path.join(folder, `config-${workers}.yaml`);
  writeFileSync(file, yaml);
  const reader = '[{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]';
  const sets = [`service.workers=${workers}`, `service.telemetry.metrics.readers=${reader}`];
  const running = start([`--config=${file}`, ...sets.map((set) => `--set=${set}`)], env);
  onTestFinished(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
  });
  await running.saw('everything is ready');
  const { stderr } = running.output();
  const address = (protocol: string): string =>
    new RegExp(`protocol=${protocol}  endpoint=(\\S+)`).exec(stderr)?.[1] ?? '';
  const metricsUrl = /metrics=\["([^"]+)"\]/.exec(stderr)?.[1] ?? '';
  return {
    running,
    http: address('http'),
    grpc: address('grpc'),
    metrics: async () => parseMetrics(await (await fetch(metricsUrl)).text()),
  };
}

function parseMetrics(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      const name = line.slice(0, at).replace(/,?otel_scope_name="tributary"/, '');
      return [name.replace('{}', ''), Number(line.slice(at + 1))];
    }),
  );
}

/** Posts a batch on a connection of its own; gives the status, or 0 if the connection broke. */
export function post(address: string, batch: Batch): Promise<number> {
  const bytes = batch.toBytes();
  const [host = '', port = ''] = address.split(':');
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': bytes.length };
  const where = { host, port, path: `/v1/${batch.signal}`, method: 'POST', headers, agent: false };
  return new Promise((resolve) => {
    const sent = request(where, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', () => resolve(0));
    });
    sent.once('error', () => resolve(0));
    sent.end(bytes);
  });
}

/** A client of grpc-js with a connection of its own; `send` gives the status code. */
export function grpcClient(address: string): { send(batch: Batch): Promise<number> } {
  const client = new GrpcClient(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  onTestFinished(() => client.close());
  return {
    send: (batch) =>
      new Promise((resolve) => {
        const bytes = Buffer.from(batch.toBytes());
        const encode = (message: Buffer): Buffer => message;
        client.makeUnaryRequest(TRACES_METHOD, encode, encode, bytes, (error) => {
          resolve(error?.code ?? 0);
        });
      }),
  };
}

/** Posts a batch until it is accepted, as clients do that retry. */
export async function postUntilAccepted({ http, running }: Program, batch: Batch): Promise<void> {
  let code: number | undefined;
  for (let attempt = 0; attempt < 600; attempt++) {
    code = await post(http, batch);
    if (code === 200) return;
    if (running.child.exitCode !== null || running.child.signalCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { stderr } = running.output();
  throw new Error(`the batch was not accepted in 600 attempts, the last of which gave ${code}:\n${stderr}`);
}

/** Waits until something holds; says what did not. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it did not come to pass: ${what}`);
}

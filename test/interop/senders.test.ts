/**
 * The official OpenTelemetry SDKs of other languages send by their OTLP exporters: over gRPC and HTTP, in clear text, with TLS and with
 * mutual TLS, in every compression that they have. The SDK for JavaScript is in packages/receiver-otlp/test/sdk.test.ts, and
 * here with TLS.
 */
import { spawn } from 'node:child_process';
import { otlpReceiver } from '@tributary/receiver-otlp';
import { batchJson, nopHost, type Sink, signalConsumer, sink, testSettings } from '@tributary/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates, SECURITIES, type Security } from './certificates.ts';
import { arrivedOf, type Case, type Ids, sent as sentContent } from './content.ts';
import { sendFromJavaScript } from './javascript/send.ts';
import {
  BUILD_TIMEOUT_MS,
  type Found,
  goProgram,
  javaProgram,
  type Program,
  pythonProgram,
} from './toolchains.ts';

interface Language {
  readonly name: string;
  readonly compressions: Readonly<Record<Case['transport'], readonly string[]>>;
  readonly send: (cases: readonly Case[]) => Promise<readonly Ids[]> | { readonly reason: string };
}

const NONE_GZIP = { grpc: ['none', 'gzip'], http: ['none', 'gzip'] };
const NONE_GZIP_DEFLATE = { grpc: ['none', 'gzip', 'deflate'], http: ['none', 'gzip', 'deflate'] };

const asJson = (cases: readonly Case[]): string => JSON.stringify(cases);
const asLines = (cases: readonly Case[]): string =>
  cases
    .map(({ name, transport, endpoint, compression, ca = '', cert = '', key = '' }) =>
      [name, transport, endpoint, compression, ca, cert, key].join('\t').trimEnd(),
    )
    .join('\n');

const LANGUAGES: readonly Language[] = [
  { name: 'JavaScript', compressions: NONE_GZIP, send: sendFromJavaScript },
  { name: 'Go', compressions: NONE_GZIP, send: (cases) => start(goProgram(), asJson(cases)) },
  {
    name: 'Python',
    compressions: NONE_GZIP_DEFLATE,
    send: (cases) => start(pythonProgram('send.py'), asJson(cases)),
  },
  { name: 'Java', compressions: NONE_GZIP, send: (cases) => start(javaProgram('Send'), asLines(cases)) },
];

let certificates: Certificates;
let kept: Sink;
const endpoints: Record<string, string> = {};
const stops: (() => Promise<void> | undefined)[] = [];

beforeAll(async () => {
  certificates = makeCertificates();
  kept = sink();
  for (const security of SECURITIES) await startReceiver(security);
});

afterAll(async () => {
  for (const stop of stops) await stop();
  certificates.remove();
});

async function startReceiver(security: Security): Promise<void> {
  const settings = testSettings({ kind: 'receiver', id: 'otlp' });
  const tls = {
    cert_file: certificates.server.cert,
    key_file: certificates.server.key,
    ...(security === 'mtls' ? { client_ca_file: certificates.ca } : {}),
  };
  const block = { endpoint: '127.0.0.1:0', ...(security === 'plain' ? {} : { tls }) };
  const config = otlpReceiver.configSchema.parse({ protocols: { grpc: block, http: block } });
  const receiver = otlpReceiver.create(settings, config, signalConsumer(kept));
  await receiver.start?.(nopHost());
  stops.push(async () => receiver.shutdown?.(AbortSignal.abort()));
  for (const { fields } of settings.logs.filter(({ message }) => message === 'listening')) {
    endpoints[`${fields['protocol']}/${security}`] = String(fields['endpoint']).replace(
      '127.0.0.1',
      'localhost',
    );
  }
}

function casesOf({ name, compressions }: Language): Case[] {
  const { ca, client } = certificates;
  return (['grpc', 'http'] as const).flatMap((transport) =>
    SECURITIES.flatMap((security) =>
      compressions[transport].map((compression) => ({
        name: `${name} ${transport} ${security} ${compression}`,
        transport,
        endpoint: endpoints[`${transport}/${security}`] ?? '',
        compression,
        ...(security === 'plain' ? {} : { ca }),
        ...(security === 'mtls' ? client : {}),
      })),
    ),
  );
}

/** Runs a program to its end. */
function start(
  program: Found<Program>,
  input: string,
): Promise<readonly Ids[]> | { readonly reason: string } {
  if ('reason' in program) return program;
  const { command, args, env } = program.found;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let complaints = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      complaints += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const ids = out
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Ids);
      if (code === 0 && complaints === '') resolve(ids);
      else reject(new Error(`${command} ended with ${code}:\n${complaints}`));
    });
    child.stdin.end(input);
  });
}

describe.each(LANGUAGES)('the SDK for $name', (language) => {
  it('is understood in every way that it has', { timeout: BUILD_TIMEOUT_MS }, async ({ skip }) => {
    kept.clear();
    const cases = casesOf(language);
    const sent = language.send(cases);
    if ('reason' in sent) return skip(sent.reason);
    const ids = await sent;
    expect(ids.map(({ name }) => name)).toEqual(cases.map(({ name }) => name));
    const arrived = arrivedOf(
      kept.batches.map((batch) => ({ transport: batch.meta.transport, json: batchJson(batch) })),
    );
    expect(arrived).toEqual(
      Object.fromEntries(
        cases.map(({ name, transport }, index) => [name, sentContent(transport, ids[index] as Ids)]),
      ),
    );
  });
});

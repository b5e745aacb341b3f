/**
 * The official OpenTelemetry SDKs of other languages send by their OTLP exporters: over gRPC and HTTP, in clear text,
 * with TLS and with mutual TLS, in every compression that they have. The SDK for JavaScript is in
 * packages/receiver-otlp/test/sdk.test.ts, and here with TLS.
 */
import { spawn } from 'node:child_process';
import type { Batch } from '@tributary/core';
import { otlpReceiver } from '@tributary/receiver-otlp';
import {
  batchJson,
  nopHost,
  type Sink,
  signalConsumer,
  sink,
  type TestSettings,
  testSettings,
} from '@tributary/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Certificates,
  makeCertificates,
  SECURITIES,
  type Security,
  WRONG_CLIENTS,
  type WrongClient,
} from './certificates.ts';
import { arrivedOf, type Case, type Ids, sent as sentContent } from './content.ts';
import { sendFromJavaScript } from './javascript/send.ts';
import { type Form, json, proto, type Transport } from './requests.ts';
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
  readonly forms: Readonly<Record<Transport, readonly Form[]>>;
  readonly send: (cases: readonly Case[]) => Sending;
}

type Sending = Promise<readonly Ids[]> | { readonly reason: string };

const NONE_GZIP = ['none', 'gzip'];
const NONE_GZIP_DEFLATE = ['none', 'gzip', 'deflate'];

const asJson = (cases: readonly Case[]): string => JSON.stringify(cases);
const asLines = (cases: readonly Case[]): string =>
  cases
    .map(({ name, transport, endpoint, compression, refused, ca = '', cert = '', key = '' }) =>
      [name, transport, endpoint, compression, refused ? 'refused' : 'sent', ca, cert, key]
        .join('\t')
        .trimEnd(),
    )
    .join('\n');

const LANGUAGES: readonly Language[] = [
  {
    name: 'JavaScript',
    forms: { grpc: NONE_GZIP.map(proto), http: [...NONE_GZIP.map(proto), ...NONE_GZIP.map(json)] },
    send: sendFromJavaScript,
  },
  {
    name: 'Go',
    forms: { grpc: NONE_GZIP.map(proto), http: NONE_GZIP.map(proto) },
    send: (cases) => start(goProgram(), asJson(cases)),
  },
  {
    name: 'Python',
    forms: {
      grpc: NONE_GZIP_DEFLATE.map(proto),
      http: NONE_GZIP_DEFLATE.map(proto),
    },
    send: (cases) => start(pythonProgram('send.py'), asJson(cases)),
  },
  {
    name: 'Java',
    forms: { grpc: NONE_GZIP.map(proto), http: NONE_GZIP.map(proto) },
    send: (cases) => start(javaProgram('Send'), asLines(cases)),
  },
];

let certificates: Certificates;
let kept: Sink;
const endpoints: Record<string, string> = {};
let mutual: TestSettings;
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
  if (security === 'mtls') mutual = settings;
  const tls = {
    cert_file: certificates.server.cert,
    key_file: certificates.server.key,
    ...(security === 'mtls' ? { client_ca_file: certificates.ca } : {}),
  };
  const block = { endpoint: '127.0.0.1:0', include_metadata: true, ...(security === 'plain' ? {} : { tls }) };
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

function casesOf({ name, forms }: Language): Case[] {
  const { ca, client } = certificates;
  return (['grpc', 'http'] as const).flatMap((transport) =>
    SECURITIES.flatMap((security) =>
      forms[transport].map(({ encoding, compression }) => ({
        name: `${name} ${transport} ${security} ${encoding} ${compression}`,
        transport,
        encoding,
        endpoint: endpoints[`${transport}/${security}`] ?? '',
        compression,
        ...(security === 'plain' ? {} : { ca }),
        ...(security === 'mtls' ? client : {}),
      })),
    ),
  );
}

/** One for each way in which a client of mutual TLS may be wrong. */
function wrongCasesOf({ name }: Language): Case[] {
  const { ca, client, stranger } = certificates;
  const files: Readonly<Record<WrongClient, object>> = {
    'no certificate': { ca },
    'a strange certificate': { ca, cert: stranger.cert, key: stranger.key },
    'trust in a stranger': { ...client, ca: stranger.ca },
  };
  return (['grpc', 'http'] as const).flatMap((transport) =>
    WRONG_CLIENTS.map((wrong) => ({
      name: `${name} ${transport} ${wrong}`,
      transport,
      encoding: 'proto' as const,
      endpoint: endpoints[`${transport}/mtls`] ?? '',
      compression: 'none',
      refused: true,
      ...files[wrong],
    })),
  );
}

/** How a batch came: over HTTP also as what, and how compressed. */
function wayOf({ meta: { transport, metadata } }: Batch): unknown {
  if (transport !== 'http') return transport;
  const header = (name: string) => metadata?.get(name)?.join();
  return `http ${header('content-type')} ${header('content-encoding') ?? 'none'}`;
}

function wayOfCase({ transport, encoding, compression }: Case): unknown {
  if (transport !== 'http') return transport;
  return `http application/${encoding === 'json' ? 'json' : 'x-protobuf'} ${compression}`;
}

/** How many clients mutual TLS has refused, over gRPC and over HTTP. */
function refusedClients(): readonly number[] {
  const counts = mutual.registry.snapshot();
  return ['grpc', 'http'].map((transport) => {
    const name = `otelcol_receiver_otlp_ended_connections{reason="tls",receiver="otlp",transport="${transport}"}`;
    return Number(counts[name] ?? 0);
  });
}

/** Runs a program to its end. */
function start(program: Found<Program>, input: string): Sending {
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
      const hasComplaints = ids.some((each) => 'complaints' in each);
      if (code === 0 && (complaints === '' || hasComplaints)) resolve(ids);
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
      kept.batches.map((batch) => ({ transport: wayOf(batch), json: batchJson(batch) })),
    );
    expect(arrived).toEqual(
      Object.fromEntries(
        cases.map((each, index) => [each.name, sentContent(wayOfCase(each), ids[index] as Ids)]),
      ),
    );
  });

  it('is refused by mutual TLS where it has no good certificate, and told, and counted', {
    timeout: BUILD_TIMEOUT_MS,
  }, async ({ skip }) => {
    kept.clear();
    const before = refusedClients();
    const cases = wrongCasesOf(language);
    const sent = language.send(cases);
    if ('reason' in sent) return skip(sent.reason);
    const told = await sent;
    const silent = told.filter(({ complaints = '' }) => /^(|null|<nil>)$/.test(complaints));
    expect([told.map(({ name }) => name), silent]).toEqual([cases.map(({ name }) => name), []]);
    expect(kept.batches).toEqual([]);
    // Without a certificate, and with a strange one; as often as it was tried.
    const more = () => refusedClients().map((count, index) => count - (before[index] ?? 0) >= 2);
    await expect.poll(more).toEqual([true, true]);
  });
});

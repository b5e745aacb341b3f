/**
 * The OTLP exporters send to servers of the official gRPC libraries and OTLP definitions in other languages and in
 * JavaScript, over gRPC and HTTP, in clear text, with TLS and with mutual TLS, in every compression that both have. To
 * Go's they send in collector.test.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { SIGNALS } from '@tributary/core';
import { otlpGrpcExporter, otlpHttpExporter } from '@tributary/exporter-otlp';
import { nopHost, numberedBatch, numbersOf, testSettings } from '@tributary/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Certificates,
  clientTls,
  makeCertificates,
  SECURITIES,
  type Security,
  WRONG_CLIENTS,
  type WrongClient,
} from './certificates.ts';
import {
  contentOf,
  everything,
  type Form,
  json,
  ofProtobufJson,
  proto,
  type Transport,
  withoutEmpty,
} from './requests.ts';
import { BUILD_TIMEOUT_MS, type Found, javaProgram, type Program, pythonProgram } from './toolchains.ts';

/** Several windows of HTTP/2 long. */
const LARGE = Array.from({ length: 2000 }, (_, index) => index);
/** Of a server that ends the connection without a word, or while something was written. */
const GONE = 'before it said anything|before the answer|ECONNRESET|EPIPE';
/** What is said here of a server that refuses a client. */
const REFUSALS: Readonly<Record<WrongClient, RegExp>> = {
  'no certificate': new RegExp(`the server wants a certificate of its clients|${GONE}`),
  'a strange certificate': new RegExp(`the server does not trust the authority|handshake failed|${GONE}`),
  'trust in a stranger': /of an authority that is not trusted here/,
};

interface Server {
  readonly name: string;
  readonly forms: Readonly<Partial<Record<Transport, readonly Form[]>>>;
  /** Whether the server gets to know how calls of gRPC were compressed. */
  readonly tellsEncoding: boolean;
  /** The fields that its definitions do not have yet. */
  readonly lacks: readonly string[];
  readonly program: () => Found<Program>;
  /** The files of the CA, the certificate and its key, as the program reads them. */
  readonly input: (ca: string, cert: string, key: string) => string;
}

const asJson = (ca: string, cert: string, key: string): string => JSON.stringify({ ca, cert, key });

const SERVERS: readonly Server[] = [
  {
    name: 'JavaScript',
    tellsEncoding: false,
    lacks: [],
    forms: {
      grpc: ['none', 'gzip', 'deflate'].map(proto),
      http: [...['none', 'gzip', 'deflate', 'zlib', 'zstd'].map(proto), ...['none', 'gzip'].map(json)],
    },
    program: javaScriptServer,
    input: asJson,
  },
  {
    name: 'Python',
    tellsEncoding: false,
    lacks: [],
    forms: {
      grpc: ['none', 'gzip', 'deflate'].map(proto),
      http: ['none', 'gzip', 'deflate', 'zlib'].map(proto),
    },
    program: () => pythonProgram('serve.py'),
    input: asJson,
  },
  {
    name: 'Java',
    tellsEncoding: true,
    lacks: ['entityRefs'],
    forms: { grpc: ['none', 'gzip'].map(proto) },
    program: () => javaProgram('Serve'),
    input: (ca, cert, key) => [ca, cert, key].join('\t'),
  },
];

function javaScriptServer(): Found<Program> {
  const file = path.join(import.meta.dirname, 'javascript/serve.ts');
  return { found: { command: process.execPath, args: [file], env: {} } };
}

/** What a server says of a request. */
interface Taken {
  readonly how: string;
  readonly encoding: string | null;
  readonly request: Readonly<Record<string, unknown>>;
}

/** A server that runs. */
interface Started {
  readonly ports: Readonly<Record<string, number>>;
  /** The next request that it took. */
  readonly next: () => Promise<Taken>;
}

let certificates: Certificates;
const children: ChildProcess[] = [];

beforeAll(() => {
  certificates = makeCertificates();
});

afterAll(async () => {
  for (const child of children) {
    const ended = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
  }
  certificates.remove();
});

async function start({ command, args, env }: Program, input: string): Promise<Started> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-10_000);
  });
  child.stdin.write(`${input}\n`);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the server ended: ${complaints}`);
    return JSON.parse(value);
  };
  const { ports } = (await next()) as { readonly ports: Readonly<Record<string, number>> };
  return { ports, next: next as () => Promise<Taken> };
}

async function exporterTo(
  { ports }: Started,
  transport: Transport,
  security: Security,
  form: Form,
  wrong?: WrongClient,
) {
  const scheme = security === 'plain' ? 'http' : 'https';
  const factory = transport === 'grpc' ? otlpGrpcExporter : otlpHttpExporter;
  const config = factory.configSchema.parse({
    endpoint: `${scheme}://localhost:${ports[`${transport}/${security}`]}`,
    compression: form.compression,
    ...(transport === 'http' ? { encoding: form.encoding } : {}),
    timeout: '60s',
    ...clientTls(certificates, security, wrong),
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
  });
  const exporter = factory.create(testSettings({ kind: 'exporter', id: factory.type }), config as never);
  await exporter.start?.(nopHost());
  return exporter;
}

/** The numbers of a large request: only what tells items apart. */
function numbersIn(request: unknown): number[] {
  const found: number[] = [];
  JSON.stringify(request, (key, value) => {
    if (key === 'intValue') found.push(Number(value));
    return value;
  });
  return found;
}

describe.each(SERVERS)('a server in $name', ({ program, input, forms, tellsEncoding, lacks }) => {
  let starting: Promise<Started> | undefined;
  const transports = Object.keys(forms) as Transport[];

  /** Starts it for the first test that needs it. */
  function started(): Promise<Started> | { readonly reason: string } {
    const found = program();
    if ('reason' in found) return found;
    const { ca, server } = certificates;
    starting ??= start(found.found, input(ca, server.cert, server.key));
    return starting;
  }

  it('takes what is sent in every way that it has', { timeout: BUILD_TIMEOUT_MS }, async ({ skip }) => {
    const starts = started();
    if ('reason' in starts) return skip(starts.reason);
    const server = await starts;
    const batches = [...SIGNALS.map(everything), numberedBatch('logs', LARGE)];
    const [taken, expected]: [unknown[], unknown[]] = [[], []];
    for (const transport of transports) {
      for (const security of SECURITIES) {
        for (const form of forms[transport] ?? []) {
          const exporter = await exporterTo(server, transport, security, form);
          const isTold = form.compression !== 'none' && (tellsEncoding || transport === 'http');
          const how = [`${transport}/${security}`, isTold ? form.compression : null, form.encoding];
          for (const batch of batches) {
            await exporter.consume(batch);
            const { how: way, encoding, request } = await server.next();
            const isLarge = batch.itemCount === LARGE.length;
            const found = form.encoding === 'json' ? request : ofProtobufJson(request);
            const content = isLarge ? numbersIn(found) : withoutEmpty(found, lacks);
            taken.push([way, encoding, form.encoding, content]);
            expected.push([...how, isLarge ? numbersOf(batch) : withoutEmpty(contentOf(batch), lacks)]);
          }
          await exporter.shutdown?.();
        }
      }
    }
    expect(taken).toEqual(expected);
    const count = transports.reduce((sum, transport) => sum + (forms[transport]?.length ?? 0), 0);
    expect(taken.length).toBe(count * SECURITIES.length * batches.length);
  });

  it.for(WRONG_CLIENTS)(
    'refuses $0 by mutual TLS, in clear words',
    { timeout: BUILD_TIMEOUT_MS },
    async (wrong, { skip }) => {
      const starts = started();
      if ('reason' in starts) return skip(starts.reason);
      const server = await starts;
      for (const transport of transports) {
        const exporter = await exporterTo(server, transport, 'mtls', proto('none'), wrong);
        await expect(exporter.consume(numberedBatch('logs', [1]))).rejects.toMatchObject({
          name: 'RetryableError',
          message: expect.stringMatching(REFUSALS[wrong]),
        });
        await exporter.shutdown?.();
        // What it took next is what it ought to.
        const good = await exporterTo(server, transport, 'mtls', proto('none'));
        await good.consume(numberedBatch('logs', [2]));
        await good.shutdown?.();
        const { how, request } = await server.next();
        expect([how, numbersIn(request)]).toEqual([`${transport}/mtls`, [2]]);
      }
    },
  );
});

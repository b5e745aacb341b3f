/**
 * The OTLP exporters send to servers of the official gRPC libraries and OTLP stubs in other languages, over gRPC and HTTP, in clear text,
 * with TLS and with mutual TLS, in every compression that both have. To Go's they send in collector.test.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { SIGNALS } from '@tributary/core';
import { otlpGrpcExporter, otlpHttpExporter } from '@tributary/exporter-otlp';
import { batchJson, nopHost, numberedBatch, testSettings } from '@tributary/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates, SECURITIES } from './certificates.ts';
import { BUILD_TIMEOUT_MS, type Found, javaProgram, type Program, pythonProgram } from './toolchains.ts';

/** Several windows of HTTP/2 long. */
const LARGE = Array.from({ length: 5000 }, (_, index) => index);

interface Server {
  readonly name: string;
  readonly compressions: Readonly<Record<string, readonly string[]>>;
  /** Whether the server gets to know how calls of gRPC were compressed. */
  readonly tellsEncoding: boolean;
  readonly program: () => Found<Program>;
  /** The files of the CA, the certificate and its key, as the program reads them. */
  readonly input: (ca: string, cert: string, key: string) => string;
}

const SERVERS: readonly Server[] = [
  {
    name: 'Python',
    tellsEncoding: false,
    compressions: { grpc: ['none', 'gzip'], http: ['none', 'gzip', 'deflate', 'zlib'] },
    program: () => pythonProgram('serve.py'),
    input: (ca, cert, key) => JSON.stringify({ ca, cert, key }),
  },
  {
    name: 'Java',
    tellsEncoding: true,
    compressions: { grpc: ['none', 'gzip'] },
    program: () => javaProgram('Serve'),
    input: (ca, cert, key) => [ca, cert, key].join('\t'),
  },
];

/** What a server says of a request. */
interface Taken {
  readonly how: string;
  readonly encoding: string | null;
  readonly request: Readonly<Record<string, unknown>>;
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

/** Starts a server; gives its ports, and what asks for the next request that it took. */
async function start({ command, args, env }: Program, input: string) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  child.stdin?.write(`${input}\n`);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the server ended');
    return JSON.parse(value);
  };
  const { ports } = (await next()) as { readonly ports: Readonly<Record<string, number>> };
  return { ports, next: next as () => Promise<Taken> };
}

function exporterTo(transport: string, security: string, port: number, compression: string) {
  const { ca, client } = certificates;
  const own = security === 'mtls' ? { cert_file: client.cert, key_file: client.key } : {};
  const tls = security === 'plain' ? { insecure: true } : { ca_file: ca, ...own };
  const scheme = security === 'plain' ? 'http' : 'https';
  const factory = transport === 'grpc' ? otlpGrpcExporter : otlpHttpExporter;
  const config = factory.configSchema.parse({
    endpoint: `${scheme}://localhost:${port}`,
    compression,
    timeout: '60s',
    tls,
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
  });
  return factory.create(testSettings({ kind: 'exporter', id: factory.type }), config as never);
}

/** As the official libraries write protobuf in JSON: bytes in base64, kinds by their names, no defaults. Only what tells items apart. */
function numbersIn(request: unknown): number[] {
  const found: number[] = [];
  JSON.stringify(request, (key, value) => {
    if (key === 'intValue') found.push(Number(value));
    return value;
  });
  return found;
}

describe.each(SERVERS)('a server in $name', ({ program, input, compressions, tellsEncoding }) => {
  it('takes what is sent in every way that it has', { timeout: BUILD_TIMEOUT_MS }, async ({ skip }) => {
    const found = program();
    if ('reason' in found) return skip(found.reason);
    const { ca, server } = certificates;
    const { ports, next } = await start(found.found, input(ca, server.cert, server.key));
    const [taken, expected]: [unknown[], unknown[]] = [[], []];
    for (const [way, port] of Object.entries(ports)) {
      const [transport = '', security = ''] = way.split('/');
      for (const compression of compressions[transport] ?? []) {
        const exporter = exporterTo(transport, security, port, compression);
        await exporter.start?.(nopHost());
        for (const signal of SIGNALS) {
          const numbers = signal === 'logs' ? LARGE : [1, 2, 3];
          await exporter.consume(numberedBatch(signal, numbers));
          const { how, encoding, request } = await next();
          taken.push([how, encoding, Object.keys(request), numbersIn(request)]);
          const sent = batchJson(numberedBatch(signal, numbers)) as object;
          const isTold = compression !== 'none' && (tellsEncoding || transport === 'http');
          expected.push([way, isTold ? compression : null, Object.keys(sent), numbersIn(sent)]);
        }
        await exporter.shutdown?.();
      }
    }
    expect(taken).toEqual(expected);
    expect(taken.length).toBe(
      Object.values(compressions).reduce((sum, each) => sum + each.length, 0) *
        SECURITIES.length *
        SIGNALS.length,
    );
  });
});

/**
 * Takes OTLP by @grpc/grpc-js, and by node:http, each in clear text, with TLS and with mutual TLS, and reads it by the
 * official definitions.
 *
 * Reads {"ca", "cert", "key"} as JSON from standard input; writes a line with the ports, and then one for each request:
 * how it came and what it held, as protobufjs writes protobuf in JSON.
 */
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';

const DEFINITIONS = path.resolve(import.meta.dirname, '../../../packages/core/testdata/proto');
const SIGNALS = { traces: 'trace', metrics: 'metrics', logs: 'logs' } as const;
const LARGEST = 64 * 1024 * 1024;
const DECODERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  zlib: inflateSync,
  zstd: zstdDecompressSync,
};

interface Files {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => path.join(DEFINITIONS, target);
for (const name of Object.values(SIGNALS)) {
  root.loadSync(`opentelemetry/proto/collector/${name}/v1/${name}_service.proto`);
}

function requestType(signal: keyof typeof SIGNALS): protobuf.Type {
  const name = SIGNALS[signal];
  const message = `Export${name[0]!.toUpperCase()}${name.slice(1)}ServiceRequest`;
  return root.lookupType(`opentelemetry.proto.collector.${name}.v1.${message}`);
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function taken(how: string, encoding: string | null, type: protobuf.Type, body: Buffer): void {
  const request = type.toObject(type.decode(body), {
    bytes: String,
    enums: String,
    longs: String,
    json: true,
  });
  say({ how, encoding, request });
}

async function serveGrpc(how: string, credentials: grpc.ServerCredentials): Promise<number> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': LARGEST });
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    const type = requestType(signal);
    const service = type.fullName.replace(/^\.|Export|Request$/g, '');
    const whole = (value: Buffer): Buffer => value;
    server.addService(
      {
        export: {
          path: `/${service}/Export`,
          requestStream: false,
          responseStream: false,
          requestSerialize: whole,
          requestDeserialize: whole,
          responseSerialize: whole,
          responseDeserialize: whole,
        },
      },
      {
        export: (call: { readonly request: Buffer }, done: grpc.sendUnaryData<Buffer>) => {
          // The library keeps how a call was compressed to itself.
          taken(how, null, type, call.request);
          done(null, Buffer.alloc(0));
        },
      },
    );
  }
  return await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

async function serveHttp(how: string, make: (listener: RequestListener) => Server): Promise<number> {
  const server = make(async (incoming, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const encoding = incoming.headers['content-encoding'] ?? null;
    const body = encoding === null ? Buffer.concat(chunks) : DECODERS[encoding]!(Buffer.concat(chunks));
    const type = incoming.headers['content-type'] ?? '';
    if (type === 'application/json') say({ how, encoding, request: JSON.parse(body.toString()) });
    else taken(how, encoding, requestType(incoming.url?.replace('/v1/', '') as keyof typeof SIGNALS), body);
    answer.writeHead(200, { 'content-type': type }).end(type === 'application/json' ? '{}' : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function serve({ ca, cert, key }: Files): Promise<void> {
  const [authority, certificate, privateKey] = [ca, cert, key].map((file) => readFileSync(file)) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  const pairs = [{ cert_chain: certificate, private_key: privateKey }];
  const own = { cert: certificate, key: privateKey };
  say({
    ports: {
      'grpc/plain': await serveGrpc('grpc/plain', grpc.ServerCredentials.createInsecure()),
      'grpc/tls': await serveGrpc('grpc/tls', grpc.ServerCredentials.createSsl(null, pairs)),
      'grpc/mtls': await serveGrpc('grpc/mtls', grpc.ServerCredentials.createSsl(authority, pairs, true)),
      'http/plain': await serveHttp('http/plain', (listener) => createServer(listener)),
      'http/tls': await serveHttp('http/tls', (listener) => createTlsServer(own, listener)),
      'http/mtls': await serveHttp('http/mtls', (listener) =>
        createTlsServer({ ...own, ca: authority, requestCert: true, rejectUnauthorized: true }, listener),
      ),
    },
  });
}

// Ends with the test.
createInterface({ input: process.stdin })
  .once('line', (line) => void serve(JSON.parse(line)))
  .once('close', () => process.exit(0));

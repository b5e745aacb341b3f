import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { ClientTls, RPC_CODES, tlsClientSchema } from '@tributary/core';
import type { GrpcError } from '@tributary/grpc';
import { captureLogger, numberedBatch, TestAuthority } from '@tributary/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXPORT_METHODS } from '../src/grpc-methods.ts';
import { type Started, startReceiver } from './start-receiver.ts';

const authority = new TestAuthority('one');
const stranger = new TestAuthority('another');
const server = authority.issue('server');
const client = authority.issue('client');
const strange = stranger.issue('client');
const BODY = numberedBatch('logs', [1]).toBytes();

/** A folder with the certificates of both sides. */
function certificates(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-otlp-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'server.crt'), server.cert);
  writeFileSync(join(dir, 'server.key'), server.key);
  writeFileSync(join(dir, 'clients.crt'), authority.cert);
  return dir;
}

/** Starts with TLS on both protocols. */
function startTls(more: object = {}, configDir = certificates()): Promise<Started> {
  const tls = { cert_file: 'server.crt', key_file: 'server.key', ...more };
  return startReceiver({ http: { tls }, grpc: { tls }, configDir });
}

/** Posts over TLS; the status, or why there is none. */
function postTls(port: number, options: object): Promise<number | string> {
  return new Promise((resolve) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        method: 'POST',
        path: '/v1/logs',
        headers: { 'content-type': 'application/x-protobuf' },
        agent: false,
        ...options,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    outgoing.end(BODY);
  });
}

/** Calls over TLS; OK, or the code. */
async function callTls(started: Started, block: object): Promise<number | 'OK'> {
  const options = { where: 'tls', configDir: '/', logger: captureLogger().logger };
  const tls = new ClientTls(tlsClientSchema.parse({ server_name_override: 'localhost', ...block }), options);
  onTestFinished(() => tls.close());
  const grpc = started.grpcClient({ tls });
  try {
    await grpc.call({ path: EXPORT_METHODS.logs, message: [BODY] });
    return 'OK';
  } catch (error) {
    return (error as GrpcError).status.code;
  }
}

describe('TLS', () => {
  it('is spoken on both protocols to clients that trust the authority', async () => {
    const started = await startTls();
    expect([
      await postTls(started.httpPort, { ca: authority.cert }),
      await callTls(started, { ca_pem: authority.cert }),
      started.sink.itemCount,
    ]).toEqual([200, 'OK', 2]);
  });

  it('is not spoken with clients that do not, nor with those in clear text', async () => {
    const started = await startTls();
    expect([
      await postTls(started.httpPort, { ca: stranger.cert }),
      await callTls(started, { ca_pem: stranger.cert }),
      await started.post('/v1/logs', BODY).catch((error: NodeJS.ErrnoException) => error.code),
      await started
        .grpcClient()
        .call({ path: EXPORT_METHODS.logs, message: [BODY], timeoutMs: 5000 })
        .catch((error: GrpcError) => error.status.code),
    ]).toEqual([
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      RPC_CODES.UNAVAILABLE,
      'ECONNRESET',
      RPC_CODES.UNAVAILABLE,
    ]);
    expect(started.sink.batches).toEqual([]);
  });

  it('agrees on the protocol: HTTP/2 for gRPC and HTTP/1.1 for HTTP', async () => {
    const { httpPort, grpcPort } = await startTls();
    const agreed = (port: number, ALPNProtocols: string[]) =>
      new Promise((resolve) => {
        const options = {
          port,
          host: '127.0.0.1',
          servername: 'localhost',
          ca: authority.cert,
          ALPNProtocols,
        };
        const socket = connectTls(options, () => {
          resolve(socket.alpnProtocol);
          socket.destroy();
        });
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      });
    const both = ['h2', 'http/1.1'];
    expect([await agreed(grpcPort, both), await agreed(httpPort, both)]).toEqual(['h2', 'http/1.1']);
    expect(await agreed(grpcPort, ['http/1.1'])).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });
});

describe('mutual TLS', () => {
  it('takes data only of clients with a certificate of the authority', async () => {
    const started = await startTls({ client_ca_file: 'clients.crt' });
    const trust = { ca: authority.cert };
    const pem = { ca_pem: authority.cert };
    expect([
      await postTls(started.httpPort, { ...trust, ...client }),
      await callTls(started, { ...pem, cert_pem: client.cert, key_pem: client.key }),
    ]).toEqual([200, 'OK']);
    expect(await postTls(started.httpPort, trust)).toMatch(/CERTIFICATE_REQUIRED|ECONNRESET|EPIPE/);
    expect(await postTls(started.httpPort, { ...trust, ...strange })).toMatch(/UNKNOWN_CA|ECONNRESET|EPIPE/);
    expect([
      await callTls(started, pem),
      await callTls(started, { ...pem, cert_pem: strange.cert, key_pem: strange.key }),
      started.sink.itemCount,
    ]).toEqual([RPC_CODES.UNAVAILABLE, RPC_CODES.UNAVAILABLE, 2]);
  });

  it('tells why clients were refused, once for many, and counts them', async () => {
    const started = await startTls({ client_ca_file: 'clients.crt' });
    const { settings, httpPort } = started;
    for (let time = 0; time < 3; time++) await postTls(httpPort, { ca: authority.cert });
    const strangeClient = { ca_pem: authority.cert, cert_pem: strange.cert, key_pem: strange.key };
    await callTls(started, strangeClient);
    const count = (transport: string) =>
      settings.registry.snapshot()[
        `otelcol_receiver_otlp_ended_connections{reason="tls",receiver="otlp",transport="${transport}"}`
      ];
    await expect.poll(() => [count('http'), count('grpc')]).toEqual([3, 1]);
    const told = settings.logs.filter(({ message }) => message === 'TLS clients were refused');
    expect(
      told.map(({ level, fields }) => [level, fields['setting'], fields['clients'], fields['reason']]),
    ).toEqual([
      [
        'warn',
        'receivers::otlp::protocols::http::tls',
        1,
        'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: the client has no certificate. Give it one of an authority of "tls::client_ca_file"',
      ],
      [
        'warn',
        'receivers::otlp::protocols::grpc::tls',
        1,
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE: the client has a certificate of an authority that is not trusted here. Add the authority to "tls::client_ca_file", or give the client another certificate',
      ],
    ]);
  });

  it('says nothing of clients that leave before they say anything', async () => {
    const { settings, grpcPort, httpPort, post } = await startTls({ client_ca_file: 'clients.crt' });
    for (const port of [grpcPort, httpPort]) {
      await new Promise((resolve) => connectTcp(port, '127.0.0.1').end().resume().once('close', resolve));
    }
    await post('/v1/logs', BODY).catch(() => undefined);
    const warnings = () => settings.logs.filter(({ level }) => level === 'warn');
    await expect.poll(warnings).not.toEqual([]);
    expect(warnings().map(({ fields }) => fields['reason'])).toEqual([
      'ERR_SSL_HTTP_REQUEST: the client does not speak TLS. Use https there, or no "tls" here',
    ]);
  });
});

describe('certificates that change', () => {
  it('are used for new connections of both protocols', async () => {
    const dir = certificates();
    const started = await startTls({ reload_interval: '20ms' }, dir);
    const renewed = stranger.issue('server');
    writeFileSync(join(dir, 'server.crt'), renewed.cert);
    writeFileSync(join(dir, 'server.key'), renewed.key);
    await expect.poll(() => postTls(started.httpPort, { ca: stranger.cert })).toBe(200);
    await expect.poll(() => callTls(started, { ca_pem: stranger.cert })).toBe('OK');
    expect(await postTls(started.httpPort, { ca: authority.cert })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });
});

it('a certificate that cannot be loaded keeps the receiver from starting, naming the setting', async () => {
  await expect(
    startReceiver({
      http: null,
      grpc: { tls: { cert_file: 'none.crt', key_file: 'none.key' } },
      configDir: '/etc/otel',
    }),
  ).rejects.toMatchObject({
    code: 'COMPONENT_START',
    message:
      'receivers::otlp::protocols::grpc::tls::cert_file: cannot be read ("/etc/otel/none.crt": ENOENT). Name a PEM file that this process may read.',
  });
});

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ConnectionOptions,
  connect,
  createServer,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { captureLogger, TestAuthority } from '@tributary/testkit';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ServerTls } from '../../src/net/tls.ts';
import { tlsServerSchema } from '../../src/net/tls-config.ts';

const authority = new TestAuthority('authority');
const own = authority.issue('server');
const configDir = mkdtempSync(join(tmpdir(), 'tributary-issuers-'));
writeFileSync(join(configDir, 'ca.crt'), authority.cert);
const config = tlsServerSchema.parse({ cert_pem: own.cert, key_pem: own.key, client_ca_file: 'ca.crt' });
const tls = new ServerTls(config, { where: 'tls', configDir, logger: captureLogger().logger });
const client = { ...authority.issue('client'), ca: authority.cert, servername: 'localhost' };

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => {
  tls.close();
  rmSync(configDir, { recursive: true });
});

/** A server that tells each client what `tell` finds in its socket. */
async function portOf(options: TlsOptions, tell: (socket: TLSSocket) => unknown): Promise<number> {
  const server = createServer(options, (socket) => socket.end(JSON.stringify(tell(socket))));
  server.on('tlsClientError', () => undefined);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** What a client is told, and the session to go on with. Told nothing, it was cut off. */
async function told(
  port: number,
  options: ConnectionOptions,
): Promise<{ text: string; session: Buffer | undefined }> {
  const socket = connect({ port, host: '127.0.0.1', ...options });
  let text = '';
  let session: Buffer | undefined;
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('session', (ticket) => {
    session = ticket;
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return { text, session };
}

it("a client's certificate is there, with its issuer, for whoever asks its socket", async () => {
  const port = await portOf(tls.options, (socket) => [
    socket.authorized,
    socket.getPeerCertificate(true).issuerCertificate.subject.CN,
    socket.getPeerX509Certificate()?.subject,
    socket.getPeerX509Certificate()?.checkIP('127.0.0.1'),
  ]);
  const { text } = await told(port, client);
  expect(text).toBe('[true,"authority","CN=client","127.0.0.1"]');
});

it("a server's certificate is there, with its issuer, for whoever asks a client's socket", async () => {
  const port = await portOf(tls.options, () => 'good day');
  const socket = connect({ port, host: '127.0.0.1', ...client });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  expect([certificate?.subject, certificate?.issuerCertificate?.subject]).toEqual([
    'CN=server',
    'CN=authority',
  ]);
  socket.destroy();
  expect(socket.getPeerX509Certificate()).toBeUndefined();
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
  const only = { minVersion: version, maxVersion: version } as const;

  it('a client that shows a certificate of its own goes on with its session', async () => {
    const tell = (socket: TLSSocket) => [socket.authorized, socket.isSessionReused(), socket.getProtocol()];
    const port = await portOf({ ...tls.options, ...only }, tell);
    const first = await told(port, client);
    expect(first.text).toBe(`[true,false,"${version}"]`);
    expect((await told(port, { ...client, session: first.session })).text).toBe(`[true,true,"${version}"]`);
  });

  it('a session that began without a certificate is not taken where one is asked for', async () => {
    const ticketKeys = randomBytes(48);
    const { cert, key } = own;
    const reused = (socket: TLSSocket) => socket.isSessionReused();
    const welcoming = await portOf({ cert, key, ticketKeys, ...only }, reused);
    const strict = await portOf({ ...tls.options, ticketKeys, ...only }, reused);
    const anonymous = { ca: authority.cert, servername: 'localhost' };
    const { text, session } = await told(welcoming, anonymous);
    expect(text).toBe('false');
    expect((await told(welcoming, { ...anonymous, session })).text).toBe('true');
    expect((await told(strict, { ...anonymous, session })).text).toBe('');
    // Nor with a certificate, for which the server would not ask again.
    expect((await told(strict, { ...client, session })).text).toBe('');
  });

  it('nobody is let in with a certificate of another authority, or none', async () => {
    const port = await portOf({ ...tls.options, ...only }, () => 'come in');
    const { ca, servername } = client;
    const stranger = { ...new TestAuthority('authority').issue('client'), ca, servername };
    const texts = [
      await told(port, client),
      await told(port, stranger),
      await told(port, { ca, servername }),
    ];
    expect(texts.map(({ text }) => text)).toEqual(['"come in"', '', '']);
  });
});

// Node.js 24.21 ends with a fault when it is to tell the fields of such a certificate.
it('a client whose key is on a curve without a name at NIST is served', async () => {
  const port = await portOf(tls.options, (socket) => socket.authorized);
  const { ca, servername } = client;
  const odd = authority.issue('odd', { curve: 'brainpoolP256r1' });
  expect((await told(port, { ca, servername, ...odd })).text).toBe('true');
});

it('a key that both sides have had before is not taken for a certificate', async () => {
  const psk = randomBytes(32);
  const keyed = { ciphers: 'ECDHE-PSK-AES128-CBC-SHA256', maxVersion: 'TLSv1.2' } as const;
  const tell = (socket: TLSSocket) => [socket.authorized, socket.authorizationError];
  const known = {
    ...keyed,
    pskCallback: () => ({ psk, identity: 'someone' }),
    checkServerIdentity: () => undefined,
  };
  const server = { ...tls.options, ...keyed, pskCallback: () => psk };
  expect((await told(await portOf(server, tell), known)).text).toBe('');
  const lax = await portOf({ ...server, rejectUnauthorized: false }, tell);
  expect((await told(lax, known)).text).toBe('[false,"UNABLE_TO_GET_ISSUER_CERT"]');
});

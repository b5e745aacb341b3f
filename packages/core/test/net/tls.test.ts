import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { captureLogger, TestAuthority } from '@tributary/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientTls, isClearText, ServerTls } from '../../src/net/tls.ts';
import { tlsClientSchema, tlsServerSchema } from '../../src/net/tls-config.ts';

const authority = new TestAuthority('one');
const stranger = new TestAuthority('another');
const server = authority.issue('server');
const client = authority.issue('client');

let configDir: string;
const { logger, lines } = captureLogger();
const options = () => ({ where: 'receivers::otlp::tls', configDir, logger });

beforeEach(() => {
  configDir = mkdtempSync(join(tmpdir(), 'tributary-tls-'));
  (lines as unknown[]).length = 0;
});
afterEach(() => rmSync(configDir, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(configDir, name), text);

/** The cipher suite of the last connection that was made. */
let suite = '';

type ServerBlock = Parameters<typeof tlsServerSchema.parse>[0];

/** What a client that connects is told, or why it could not; and whose certificate it saw. */
async function handshake(serverBlock: ServerBlock | ServerTls, clientBlock: object): Promise<string> {
  const ours =
    serverBlock instanceof ServerTls
      ? serverBlock
      : new ServerTls(tlsServerSchema.parse(serverBlock), options());
  const theirs = new ClientTls(tlsClientSchema.parse(clientBlock), options());
  const listener = createServer(ours.options, (socket) => socket.end('hello'));
  ours.attach(listener);
  listener.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  try {
    return await new Promise((resolve) => {
      const socket: TLSSocket = connect({
        port,
        host: '127.0.0.1',
        servername: theirs.serverName ?? 'localhost',
        secureContext: theirs.secureContext,
        rejectUnauthorized: theirs.rejectUnauthorized,
      });
      let said = '';
      socket.on('data', (data) => {
        said += data;
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on('end', () => {
        const { CN: name } = socket.getPeerCertificate().subject;
        resolve(said === '' ? 'cut off' : `${said} from ${name} by ${socket.getProtocol()}`);
        suite = socket.getCipher().standardName;
      });
    });
  } finally {
    listener.close();
    ours.close();
    theirs.close();
  }
}

const pemServer = { cert_pem: server.cert, key_pem: server.key };

describe('a connection', () => {
  it('is made where the client trusts the authority', async () => {
    expect(await handshake(pemServer, { ca_pem: authority.cert })).toBe('hello from server by TLSv1.3');
  });

  it('is made with files, found in the folder of the configuration', async () => {
    write('server.crt', server.cert);
    write('server.key', server.key);
    write('ca.crt', authority.cert);
    const block = { cert_file: 'server.crt', key_file: join(configDir, 'server.key') };
    expect(await handshake(block, { ca_file: 'ca.crt' })).toBe('hello from server by TLSv1.3');
  });

  it('is refused by a client that does not trust the authority, unless told not to look', async () => {
    expect(await handshake(pemServer, { ca_pem: stranger.cert })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await handshake(pemServer, {})).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await handshake(pemServer, { insecure_skip_verify: true })).toBe('hello from server by TLSv1.3');
  });

  it('is refused by a client that asks for another name', async () => {
    const block = { ca_pem: authority.cert, server_name_override: 'example.com' };
    expect(await handshake(pemServer, block)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    const other = authority.issue('other', { hosts: ['example.com'] });
    expect(await handshake({ cert_pem: other.cert, key_pem: other.key }, block)).toBe(
      'hello from other by TLSv1.3',
    );
  });

  it('needs a certificate of the client where client_ca_file says so', async () => {
    write('clients.crt', authority.cert);
    const block = { ...pemServer, client_ca_file: 'clients.crt' };
    const trust = { ca_pem: authority.cert };
    expect(await handshake(block, { ...trust, cert_pem: client.cert, key_pem: client.key })).toBe(
      'hello from server by TLSv1.3',
    );
    expect(await handshake(block, trust)).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    const strange = stranger.issue('client');
    expect(await handshake(block, { ...trust, cert_pem: strange.cert, key_pem: strange.key })).toBe(
      'cut off',
    );
  });

  it('keeps to the versions of both sides', async () => {
    const trust = { ca_pem: authority.cert };
    expect(await handshake({ ...pemServer, max_version: '1.2' }, trust)).toBe('hello from server by TLSv1.2');
    expect(await handshake({ ...pemServer, min_version: '1.3' }, { ...trust, max_version: '1.2' })).toBe(
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    );
  });

  it('keeps to the cipher suites, by the names that the Collector knows, and to those of TLS 1.3', async () => {
    const name = 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA';
    const only = (max_version: '1.2' | '1.3') =>
      ({ ...pemServer, max_version, cipher_suites: [name] }) as const;
    const trust = { ca_pem: authority.cert };
    expect(await handshake(only('1.2'), trust)).toBe('hello from server by TLSv1.2');
    expect(suite).toBe(name);
    const other = { ...trust, cipher_suites: ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'] };
    expect(await handshake(only('1.2'), other)).toBe('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE');
    expect(await handshake(only('1.3'), other)).toBe('hello from server by TLSv1.3');
  });

  it('keeps to the curves, by the names that the Collector knows', async () => {
    const block = { ...pemServer, curve_preferences: ['P384' as const] };
    const trust = { ca_pem: authority.cert };
    const both = { ...trust, curve_preferences: ['X25519', 'P384'] };
    expect(await handshake(block, both)).toBe('hello from server by TLSv1.3');
    const other = { ...trust, curve_preferences: ['P256', 'P521', 'X25519MLKEM768'] };
    expect(await handshake(block, other)).toBe('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE');
  });
});

describe('a file that changes', () => {
  const fileServer = () => {
    write('server.crt', server.cert);
    write('server.key', server.key);
    return new ServerTls(
      tlsServerSchema.parse({ cert_file: 'server.crt', key_file: 'server.key' }),
      options(),
    );
  };

  it('is loaded again, and new connections see it', async () => {
    const tls = fileServer();
    expect(tls.reload()).toBe(false);
    const renewed = authority.issue('renewed');
    write('server.crt', renewed.cert);
    write('server.key', renewed.key);
    expect(tls.reload()).toBe(true);
    expect(await handshake(tls, { ca_pem: authority.cert })).toBe('hello from renewed by TLSv1.3');
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'loaded the changed certificates',
        fields: { setting: 'receivers::otlp::tls' },
      },
    ]);
  });

  it('changes a server that is already listening', async () => {
    const tls = fileServer();
    const listener = createServer(tls.options, (socket) => socket.end());
    tls.attach(listener);
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const seen = () =>
      new Promise((resolve) => {
        const { port } = listener.address() as AddressInfo;
        const socket = connect(
          { port, host: '127.0.0.1', ca: authority.cert, servername: 'localhost' },
          () => {
            resolve(socket.getPeerCertificate().subject.CN);
            socket.destroy();
          },
        );
      });
    const before = await seen();
    const renewed = authority.issue('renewed');
    write('server.crt', renewed.cert);
    write('server.key', renewed.key);
    tls.reload();
    expect([before, await seen()]).toEqual(['server', 'renewed']);
    listener.close();
    tls.close();
  });

  it('leaves the former certificates in use where it is wrong or gone', async () => {
    const tls = fileServer();
    write('server.crt', 'half a certifi');
    expect(tls.reload()).toBe(false);
    rmSync(join(configDir, 'server.crt'));
    expect(tls.reload()).toBe(false);
    expect(await handshake(tls, { ca_pem: authority.cert })).toBe('hello from server by TLSv1.3');
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'the changed certificates cannot be loaded, the former ones stay in use'],
    ]);
  });

  it('gives a client another context, and tells who listens', () => {
    write('ca.crt', authority.cert);
    const tls = new ClientTls(tlsClientSchema.parse({ ca_file: 'ca.crt' }), options());
    const before = tls.secureContext;
    let told = 0;
    const end = tls.onReload(() => {
      told += 1;
    });
    write('ca.crt', stranger.cert + authority.cert);
    tls.reload();
    end();
    write('ca.crt', stranger.cert);
    tls.reload();
    tls.close();
    expect([tls.secureContext === before, told]).toEqual([false, 1]);
  });

  it('is looked at by itself', async () => {
    write('ca.crt', authority.cert);
    const tls = new ClientTls(
      tlsClientSchema.parse({ ca_file: 'ca.crt', reload_interval: '10ms' }),
      options(),
    );
    const reloaded = new Promise<void>((resolve) => tls.onReload(resolve));
    write('ca.crt', stranger.cert + authority.cert);
    await reloaded;
    tls.close();
  });
});

describe('what cannot be loaded is an error that names the setting', () => {
  const problem = (block: ServerBlock) => {
    try {
      new ServerTls(tlsServerSchema.parse(block), options()).close();
    } catch (error) {
      return (error as Error).message.replaceAll(configDir, '/etc');
    }
    return undefined;
  };

  it.each<[string, () => ServerBlock, string]>([
    [
      'a missing file',
      () => ({ cert_file: 'missing.crt', key_pem: server.key }),
      'receivers::otlp::tls::cert_file: cannot be read ("/etc/missing.crt": ENOENT). Name a PEM file that this process may read.',
    ],
    [
      'a file without a certificate',
      () => {
        write('empty.crt', '');
        return { cert_file: 'empty.crt', key_pem: server.key };
      },
      'receivers::otlp::tls::cert_file: holds no certificate in PEM form. Begin it with -----BEGIN CERTIFICATE-----.',
    ],
    [
      'the key of another certificate',
      () => ({ cert_pem: server.cert, key_pem: client.key }),
      'receivers::otlp::tls::key_pem: is not the key of the certificate in cert_pem (CN=server). Give the two that belong together.',
    ],
    [
      'a certificate for clients that is missing',
      () => ({ ...pemServer, client_ca_file: 'none.crt' }),
      'receivers::otlp::tls::client_ca_file: cannot be read ("/etc/none.crt": ENOENT). Name a PEM file that this process may read.',
    ],
  ])('%s', (_name, block, expected) => {
    expect(problem(block())).toBe(expected);
  });

  it('a damaged certificate and a damaged key', () => {
    const damaged = server.cert.replace('M', 'A');
    expect(problem({ cert_pem: damaged, key_pem: server.key })).toMatch(
      /^receivers::otlp::tls::cert_pem: holds a damaged certificate \(.+\)\. Give certificates in PEM form\.$/,
    );
    expect(problem({ cert_pem: server.cert, key_pem: 'secret' })).toMatch(
      /^receivers::otlp::tls::key_pem: holds no private key in PEM form \((?!.*secret).+\)\. Give an unencrypted PEM key\.$/,
    );
  });
});

describe('a block that contradicts itself', () => {
  it.each<[string, 'server' | 'client', object, string[]]>([
    [
      'a server without a certificate',
      'server',
      {},
      ['cert_file: expected cert_file or cert_pem: a server needs a certificate'],
    ],
    [
      'a certificate without its key',
      'client',
      { cert_file: 'a' },
      ['key_file: expected key_file or key_pem: a certificate needs its private key'],
    ],
    [
      'a key without its certificate',
      'client',
      { key_pem: 'a' },
      ['cert_file: expected cert_file or cert_pem: a private key needs its certificate'],
    ],
    [
      'everything twice',
      'client',
      { ca_file: 'a', ca_pem: 'a', cert_file: 'a', cert_pem: 'a', key_file: 'a', key_pem: 'a' },
      ['ca', 'cert', 'key'].map(
        (name) => `${name}_pem: expected either ${name}_file or ${name}_pem, not both`,
      ),
    ],
    [
      'versions the wrong way round',
      'client',
      { min_version: '1.3', max_version: '1.2' },
      ['max_version: expected max_version to be at least min_version (1.3)'],
    ],
    [
      'a trusted platform module',
      'client',
      { tpm: {} },
      ['tpm: is not supported: keys are read from files or PEM text. Remove "tpm".'],
    ],
  ])('%s', (_name, side, block, expected) => {
    const { error } = (side === 'server' ? tlsServerSchema : tlsClientSchema).safeParse(block);
    expect(error?.issues.map(({ path, message }) => `${path.join('::')}: ${message}`)).toEqual(expected);
  });
});

it('clear text is asked for by insecure, unless there are certificates to trust', () => {
  const blocks = [
    {},
    { insecure: true },
    { insecure: true, ca_pem: authority.cert },
    { insecure: true, ca_file: 'a' },
  ];
  expect(blocks.map((block) => isClearText(tlsClientSchema.parse(block)))).toEqual([
    false,
    true,
    false,
    false,
  ]);
});

it("the system's certificates are trusted besides the named ones where that is asked for", async () => {
  const trust = { ca_pem: authority.cert, include_system_ca_certs_pool: true };
  expect(await handshake(pemServer, trust)).toBe('hello from server by TLSv1.3');
});

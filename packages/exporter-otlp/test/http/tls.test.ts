import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nopHost, numberedBatch, TestAuthority, testSettings } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { otlpHttpExporter } from '../../src/index.ts';
import { accept, startBackend, startExporter } from './backend.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const authority = new TestAuthority();
const serverCertificate = authority.issue('server');

async function secureBackend(options: Record<string, unknown> = {}) {
  const backend = await startBackend(accept, { ...serverCertificate, ...options });
  open.push(() => backend.close());
  return backend;
}

async function consumeWith(url: string, tls: Record<string, unknown>): Promise<unknown> {
  const { exporter } = await startExporter({ endpoint: url, tls });
  open.push(() => exporter.shutdown?.());
  try {
    await exporter.consume(numberedBatch('logs', [1]));
    return 'accepted';
  } catch (error) {
    return error;
  }
}

describe('https', () => {
  it('is spoken with a backend whose authority is trusted', async () => {
    const backend = await secureBackend();
    expect(await consumeWith(backend.url, { ca_pem: authority.cert })).toBe('accepted');
    expect(backend.requests.length).toBe(1);
  });

  it('is tried again later with a backend whose authority is not trusted: nothing was sent', async () => {
    const backend = await secureBackend();
    expect(await consumeWith(backend.url, { ca_pem: new TestAuthority('Other').cert })).toMatchObject({
      name: 'RetryableError',
      message: expect.stringMatching(
        /^otlp_http: no answer from https:.* \((UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE|SELF_SIGNED_CERT_IN_CHAIN): the server has a certificate of an authority that is not trusted here\. Name the authority in "tls::ca_file"\)\.$/,
      ),
    });
    expect(backend.requests.length).toBe(0);
  });

  it('checks the name, or the one that server_name_override gives', async () => {
    const other = authority.issue('other', { hosts: ['other.test'] });
    const backend = await secureBackend({ ...other });
    const tls = { ca_pem: authority.cert };
    expect(await consumeWith(backend.url, tls)).toMatchObject({
      message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
    });
    expect(await consumeWith(backend.url, { ...tls, server_name_override: 'other.test' })).toBe('accepted');
  });

  it('is told from clear text by its name', async () => {
    const backend = await startBackend(accept);
    open.push(() => backend.close());
    expect(await consumeWith(backend.url.replace('http:', 'https:'), {})).toMatchObject({
      message: expect.stringContaining(
        ': the server does not speak TLS. Check the port, or ask for clear text: by "http://" in the endpoint, or by "tls::insecure" where it has no scheme).',
      ),
    });
  });

  it('checks nothing with insecure_skip_verify', async () => {
    const backend = await secureBackend();
    expect(await consumeWith(backend.url, { insecure_skip_verify: true })).toBe('accepted');
  });

  it('shows the backend the exporter’s certificate', async () => {
    const backend = await secureBackend({ ca: authority.cert, requestCert: true, rejectUnauthorized: true });
    const tls = { ca_pem: authority.cert };
    expect(await consumeWith(backend.url, tls)).toMatchObject({
      name: 'RetryableError',
      message: expect.stringContaining(
        '(ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: the server wants a certificate of its clients. Set "tls::cert_file" and "tls::key_file").',
      ),
    });
    const { cert, key } = authority.issue('client');
    expect(await consumeWith(backend.url, { ...tls, cert_pem: cert, key_pem: key })).toBe('accepted');
    expect(backend.requests.length).toBe(1);
  });

  it('uses what the files hold after a reload', async () => {
    const configDir = mkdtempSync(join(tmpdir(), 'exporter-otlp-'));
    open.push(() => rmSync(configDir, { recursive: true }));
    const file = join(configDir, 'ca.pem');
    writeFileSync(file, new TestAuthority('Former').cert);
    const backend = await secureBackend();
    const settings = testSettings({ kind: 'exporter', id: 'otlp_http', configDir });
    const config = otlpHttpExporter.configSchema.parse({
      endpoint: backend.url,
      tls: { ca_file: 'ca.pem', reload_interval: '5ms' },
      sending_queue: { enabled: false },
      retry_on_failure: { initial_interval: '5ms', max_interval: '5ms', max_elapsed_time: 0 },
    });
    const exporter = otlpHttpExporter.create(settings, config);
    open.push(() => exporter.shutdown?.());
    await exporter.start?.(nopHost());
    const consumed = exporter.consume(numberedBatch('logs', [1]));
    while (settings.reported.length === 0) await new Promise(setImmediate);
    writeFileSync(file, authority.cert);
    await consumed;
    expect(backend.requests.length).toBe(1);
  });

  it('does not start with a file that cannot be read', async () => {
    await expect(
      startExporter({ endpoint: 'https://localhost', tls: { ca_file: '/missing.pem' } }),
    ).rejects.toThrow(
      'exporters::otlp_http::tls::ca_file: cannot be read ("/missing.pem": ENOENT). Name a PEM file that this process may read.',
    );
  });
});

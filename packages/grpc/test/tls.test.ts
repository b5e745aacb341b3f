import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientTls, RPC_CODES, ServerTls, tlsClientSchema, tlsServerSchema } from '@tributary/core';
import { captureLogger, TestAuthority } from '@tributary/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { dial, echo, failure, HELLO, PATH, serve } from './dial.ts';

const authority = new TestAuthority('one');
const other = new TestAuthority('another');

/** A folder that is gone after the test. */
function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-grpc-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

function serverTls(block: object, configDir: string): ServerTls {
  const tls = new ServerTls(tlsServerSchema.parse(block), {
    where: 'tls',
    configDir,
    logger: captureLogger().logger,
  });
  onTestFinished(() => tls.close());
  return tls;
}

function clientTls(block: object, configDir: string): ClientTls {
  const tls = new ClientTls(tlsClientSchema.parse({ server_name_override: 'localhost', ...block }), {
    where: 'tls',
    configDir,
    logger: captureLogger().logger,
  });
  onTestFinished(() => tls.close());
  return tls;
}

it('calls are made over TLS, and by mutual TLS only with a certificate', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'ca.crt'), authority.cert);
  const { cert, key } = authority.issue('server');
  const port = await serve(echo, {
    tls: serverTls({ cert_pem: cert, key_pem: key, client_ca_file: 'ca.crt' }, dir),
  });
  const own = authority.issue('client');
  const trust = { ca_file: 'ca.crt' };
  const known = dial(port, { tls: clientTls({ ...trust, cert_pem: own.cert, key_pem: own.key }, dir) });
  expect(Buffer.from(await known.call({ path: PATH, message: [HELLO] }))).toEqual(HELLO);
  const unknown = dial(port, { tls: clientTls(trust, dir) });
  expect(await failure(unknown.call({ path: PATH, message: [HELLO] }))).toMatchObject({
    code: RPC_CODES.UNAVAILABLE,
    message: expect.stringMatching(
      /the server wants a certificate of its clients\. Set "tls::cert_file" and "tls::key_file"\)$/,
    ),
  });
});

it('a client that loads its certificates again connects anew, and its calls under way go on', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'ca.crt'), authority.cert);
  const first = authority.issue('server');
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  let waiting = 0;
  const tls = serverTls({ cert_pem: first.cert, key_pem: first.key }, dir);
  const port = await serve(
    ({ message }) => {
      if (message.length > 0) return message;
      waiting += 1;
      return promise;
    },
    { tls },
  );
  const trust = clientTls({ ca_file: 'ca.crt' }, dir);
  const client = dial(port, { tls: trust });
  const before = client.call({ path: PATH, message: [] });
  await expect.poll(() => waiting).toBe(1);
  writeFileSync(join(dir, 'ca.crt'), other.cert);
  expect(trust.reload()).toBe(true);
  expect((await failure(client.call({ path: PATH, message: [HELLO] }))).code).toBe(RPC_CODES.UNAVAILABLE);
  resolve(HELLO);
  expect(Buffer.from(await before)).toEqual(HELLO);
  writeFileSync(join(dir, 'ca.crt'), other.cert + authority.cert);
  trust.reload();
  expect(Buffer.from(await client.call({ path: PATH, message: [HELLO] }))).toEqual(HELLO);
});

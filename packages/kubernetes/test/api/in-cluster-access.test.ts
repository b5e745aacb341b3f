import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PipelineError } from '@tributary/core';
import { afterAll, describe, expect, test } from 'vitest';
import { inClusterAccess } from '../../src/api/in-cluster-access.ts';

const FOLDER = mkdtempSync(path.join(tmpdir(), 'tributary-service-account-'));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const ENV = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

describe('access in a cluster', () => {
  test('is by the token that the kubelet last wrote', async () => {
    for (const [name, text] of [
      ['token', 'first\n'],
      ['ca.crt', 'CA\n'],
    ] as const) {
      writeFileSync(path.join(FOLDER, name), text);
    }
    const access = inClusterAccess('serviceAccount', { env: ENV, folder: FOLDER });
    expect(await access.read()).toEqual({
      server: new URL('https://10.96.0.1'),
      tls: { ca: 'CA' },
      headers: { authorization: 'Bearer first' },
      proxyUrl: undefined,
    });
    writeFileSync(path.join(FOLDER, 'token'), 'second\n');
    expect((await access.read()).headers).toEqual({ authorization: 'Bearer second' });
  });

  test.for([
    [{ ...ENV, KUBERNETES_SERVICE_HOST: 'fd00::1' }, 'https://[fd00::1]/'],
    [{ KUBERNETES_SERVICE_HOST: 'localhost', KUBERNETES_SERVICE_PORT: '8001' }, 'http://localhost:8001/'],
    [{ KUBERNETES_SERVICE_HOST: 'localhost', KUBERNETES_SERVICE_PORT: '6443' }, 'https://localhost:6443/'],
  ] as const)('without credentials is by the address alone', async ([env, server]) => {
    const access = await inClusterAccess('none', { env, folder: '/no/such/folder' }).read();
    expect(access).toEqual({ server: new URL(server), tls: {}, headers: {}, proxyUrl: undefined });
  });

  test('is refused outside of a cluster', () => {
    expect(() => inClusterAccess('serviceAccount', { env: {}, folder: FOLDER })).toThrow(
      new PipelineError(
        'COMPONENT_START',
        'auth_type: serviceAccount: the address of the API server is not known (KUBERNETES_SERVICE_HOST is "", KUBERNETES_SERVICE_PORT "443"). Run in a pod, or use auth_type: kubeConfig.',
      ),
    );
    expect(() => inClusterAccess('serviceAccount', { env: ENV, folder: '/no/such/folder' })).toThrow(
      new PipelineError(
        'COMPONENT_START',
        'auth_type: serviceAccount: there is no token of a service account (/no/such/folder/token). Mount one (automountServiceAccountToken), or use auth_type: kubeConfig outside of a cluster.',
      ),
    );
  });
});

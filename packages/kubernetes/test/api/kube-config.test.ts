import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { PipelineError } from '@tributary/core';
import { afterAll, describe, expect, test } from 'vitest';
import { kubeConfigFiles, readKubeConfig } from '../../src/api/kube-config.ts';
import { kubeConfigAccess } from '../../src/api/kube-config-access.ts';

const FOLDER = mkdtempSync(path.join(tmpdir(), 'tributary-kube-config-'));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

let files = 0;

function write(text: string, name = `config-${++files}`): string {
  const file = path.join(FOLDER, name);
  writeFileSync(file, text);
  return file;
}

function config(user: object, cluster: object = {}): string {
  return write(
    JSON.stringify({
      'current-context': 'here',
      clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443/k8s/', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    }),
  );
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('access by a kubeconfig', () => {
  test.for([
    ['a token', { token: 'secret' }, {}],
    ['a name and a password', { username: 'me', password: 'pass:word' }, {}],
    [
      'a certificate as data',
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
      {},
    ],
    ['a certificate in files', { 'client-certificate': 'cert.pem', 'client-key': './key.pem' }, {}],
    ['an authority as data', {}, { 'certificate-authority-data': base64('CA') }],
    ['an authority in a file', {}, { 'certificate-authority': 'ca.pem' }],
    ['a server of another name', {}, { 'tls-server-name': 'kubernetes.default' }],
    ['a server that is not checked', {}, { 'insecure-skip-tls-verify': true }],
    ['another user', { token: 'secret', as: 'somebody' }, {}],
  ] as [string, object, object][])(
    'is what the Kubernetes client makes of it: %s',
    async ([, user, cluster]) => {
      for (const name of ['cert.pem', 'key.pem', 'ca.pem']) write(name.toUpperCase(), name);
      const file = config(user, cluster);
      const theirs = new KubeConfig();
      theirs.loadFromFile(file);
      const options: Record<string, unknown> = {};
      await theirs.applyToHTTPSOptions(options);
      const { server, tls, headers } = await kubeConfigAccess({ kube_config_path: file }).read();
      const basic = typeof options['auth'] === 'string' && {
        authorization: `Basic ${base64(options['auth'])}`,
      };
      const theirHeaders = Object.entries({ ...Object(options['headers']), ...basic });
      expect({
        server: String(server).replace(/\/$/, ''),
        headers,
        tls: {
          servername: undefined,
          rejectUnauthorized: undefined,
          ca: undefined,
          cert: undefined,
          key: undefined,
          ...tls,
        },
      }).toEqual({
        server: theirs.getCurrentCluster()?.server,
        headers: Object.fromEntries(theirHeaders.map(([name, value]) => [name.toLowerCase(), value])),
        tls: {
          servername: options['servername'],
          rejectUnauthorized: options['rejectUnauthorized'],
          ca: options['ca']?.toString(),
          cert: options['cert']?.toString(),
          key: options['key']?.toString(),
        },
      });
    },
  );

  test('reads a token file each time', async () => {
    const token = write('first\n', 'token');
    const access = kubeConfigAccess({ kube_config_path: config({ tokenFile: 'token' }) });
    expect((await access.read()).headers).toEqual({ authorization: 'Bearer first' });
    writeFileSync(token, 'second');
    expect((await access.read()).headers).toEqual({ authorization: 'Bearer second' });
  });

  test('takes the token of an OpenID Connect provider as long as it has not expired', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'none' })}.${part({ exp: 4_000_000_000 })}.x`;
    const provider = {
      name: 'oidc',
      config: { 'id-token': token, 'client-id': 'x', 'idp-issuer-url': 'https://idp' },
    };
    const access = kubeConfigAccess({ kube_config_path: config({ 'auth-provider': provider }) });
    expect((await access.read()).headers).toEqual({ authorization: `Bearer ${token}` });
  });

  test('keeps the groups of another user apart', async () => {
    const user = { token: 't', as: 'a', 'as-uid': '7', 'as-groups': ['x', 'y'] };
    const { headers } = await kubeConfigAccess({ kube_config_path: config(user) }).read();
    expect(headers).toEqual({
      authorization: 'Bearer t',
      'impersonate-user': 'a',
      'impersonate-uid': '7',
      'impersonate-group': ['x', 'y'],
    });
  });
});

describe('kubeconfig files', () => {
  test('are the one that is set, else those of KUBECONFIG that are there, else that of the home folder', () => {
    const there = write('{}');
    expect(kubeConfigFiles('/set', { KUBECONFIG: there })).toEqual(['/set']);
    expect(kubeConfigFiles(undefined, { KUBECONFIG: `/no/such${path.delimiter}${there}` })).toEqual([there]);
    expect(kubeConfigFiles(undefined, { KUBECONFIG: '/no/such' })).toEqual(['/no/such']);
    expect(kubeConfigFiles(undefined, { HOME: '/home/me' })).toEqual(['/home/me/.kube/config']);
  });

  test('are merged: of entries with one name the first one holds', () => {
    const first = write(
      "contexts: [{name: x, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: '1'}}]\n",
    );
    const second = config({ token: '2' });
    const { user, cluster } = readKubeConfig([first, second], 'x');
    expect([user.token, cluster.server]).toEqual(['1', 'https://api.example:6443/k8s/']);
  });

  const good = config({ token: 'x' });
  const html = write('<html>\n  <body>: {');
  const list = write('- a\n- b\n');
  const noContext = write('clusters: []');
  const badServer = config({}, { server: 'api.example' });
  const badUser = config({ token: ['secret'] });
  test.for([
    [
      'is not there',
      ['/no/such/file'],
      undefined,
      `kubeconfig /no/such/file: is no kubeconfig (ENOENT: no such file or directory, open '/no/such/file'). Correct it, or set "kube_config_path".`,
    ],
    [
      'is a list',
      [list],
      undefined,
      `kubeconfig ${list}: is no kubeconfig (: Invalid input: expected object, received array). Correct it, or set "kube_config_path".`,
    ],
    [
      'has no context',
      [noContext],
      undefined,
      `kubeconfig ${noContext}: no context is chosen (current-context is empty). Set "context".`,
    ],
    [
      'lacks the context',
      [good],
      'other',
      `kubeconfig ${good}: there is no context "other". Add it, or choose another context.`,
    ],
    [
      'has no URL of a server',
      [badServer],
      undefined,
      `kubeconfig ${badServer}: cluster "c" is not right (cluster.server: Invalid URL). Correct it.`,
    ],
    [
      'has a token that is none',
      [badUser],
      undefined,
      `kubeconfig ${badUser}: user "u" is not right (user.token: Invalid input: expected string, received array). Correct it.`,
    ],
  ] as [string, string[], string | undefined, string][])(
    'are refused with what is wrong: one that %s',
    ([, of, context, message]) => {
      expect(() => readKubeConfig(of, context)).toThrow(new PipelineError('COMPONENT_START', message));
    },
  );

  test('are refused when they are HTML', () => {
    expect(() => readKubeConfig([html], undefined)).toThrow(/is no kubeconfig/);
  });

  test.for([
    [
      { 'auth-provider': { name: 'gcp' } },
      {},
      'kubeconfig user "u": the auth provider "gcp" is not supported: Kubernetes has dropped all but oidc. Use the plugin that replaces it (exec).',
    ],
    [
      {},
      { 'proxy-url': 'socks5://localhost' },
      'kubeconfig of user "u": proxy-url is no HTTP proxy (socks5://localhost). Use one whose URL begins with http:// or https://.',
    ],
  ] as [object, object, string][])('are refused for what is not supported', ([user, cluster, message]) => {
    expect(() => kubeConfigAccess({ kube_config_path: config(user, cluster) })).toThrow(
      new PipelineError('COMPONENT_START', message),
    );
  });
});

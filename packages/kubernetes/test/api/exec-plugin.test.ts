import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PipelineError } from '@tributary/core';
import { describe, expect, test } from 'vitest';
import { ExecPlugin } from '../../src/api/exec-plugin.ts';
import type { KubeContext, KubeExec } from '../../src/api/kube-config.ts';

const V1 = 'client.authentication.k8s.io/v1';
const CONTEXT: KubeContext = {
  cluster: { server: 'https://api.example' },
  user: {},
  userName: 'me',
  userFolder: '/',
};

/** A plugin that runs a line of the shell. */
function shell(line: string, options: Partial<KubeExec> = {}): KubeExec {
  return { apiVersion: V1, command: 'sh', args: ['-c', line], ...options };
}

function says(status: object): KubeExec {
  return shell(`echo '${JSON.stringify({ apiVersion: V1, kind: 'ExecCredential', status })}'`);
}

describe('a credential plugin', () => {
  test('is run once for all who ask, and again when its credentials have expired or were refused', async () => {
    const plugin = new ExecPlugin();
    const folder = mkdtempSync(join(tmpdir(), 'plugin-'));
    const until = (expires: string): void => writeFileSync(join(folder, 'expires'), expires);
    const exec = shell(
      `echo '{"apiVersion":"${V1}","kind":"ExecCredential","status":{"token":"'$$'","expirationTimestamp":"'$(cat ${folder}/expires)'"}}'`,
    );
    const read = async (): Promise<string | undefined> => (await plugin.read(exec, CONTEXT)).token;
    try {
      until('2999-01-01T00:00:00Z');
      const [first, same] = await Promise.all([read(), read()]);
      expect(same).toBe(first);
      until('2000-01-01T00:00:00Z');
      plugin.forget('Bearer of another time');
      expect(await read()).toBe(first);
      plugin.forget(`Bearer ${first}`);
      expect(new Set([first, await read(), await read()]).size).toBe(3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is run anew when the kubeconfig says something else, also while it runs', async () => {
    const plugin = new ExecPlugin();
    const [old, next] = await Promise.all([
      plugin.read(says({ token: 'old' }), CONTEXT),
      plugin.read(says({ token: 'next' }), CONTEXT),
    ]);
    expect([old.token, next.token]).toEqual(['old', 'next']);
    expect(await plugin.read(says({ token: 'next' }), CONTEXT)).toBe(next);
    expect((await plugin.read(says({ token: 'old' }), CONTEXT)).token).toBe('old');
  });

  test('may give a certificate', async () => {
    const status = { clientCertificateData: 'CERT', clientKeyData: 'KEY' };
    expect(await new ExecPlugin().read(says(status), CONTEXT)).toEqual({
      token: undefined,
      cert: 'CERT',
      key: 'KEY',
      expiresMs: Number.POSITIVE_INFINITY,
    });
  });

  test.for([
    [
      { command: 'no-such-plugin-here', args: [], installHint: 'Install it.' },
      'did not run (ENOENT). Install it. Run it by hand to see what it says.',
    ],
    [
      { args: ['-c', 'echo "no login" >&2; exit 3'] },
      'did not run (no login). Run it by hand to see what it says.',
    ],
    [{ args: ['-c', 'exit 3'] }, 'did not run (exit code 3). Run it by hand to see what it says.'],
    [{ args: ['-c', 'echo "<html>"'] }, 'did not answer JSON. Run it by hand to see what it says.'],
    [
      { args: ['-c', 'echo "{}"'] },
      `did not answer an ExecCredential of ${V1}. Run it by hand to see what it says.`,
    ],
    [
      { args: says({ clientCertificateData: 'CERT' }).args },
      'gave neither a token nor a certificate with its key. Run it by hand to see what it says.',
    ],
    [
      { interactiveMode: 'Always' },
      'needs a terminal (interactiveMode: Always). Use another way to authenticate.',
    ],
    [{ apiVersion: 'v9' }, 'speaks v9. Use one of client.authentication.k8s.io/v1 or v1beta1.'],
  ] as [Partial<KubeExec>, string][])(
    'is named with what is wrong with it: %o',
    async ([options, message]) => {
      const exec = shell('true', options);
      await expect(new ExecPlugin().read(exec, CONTEXT)).rejects.toThrow(
        new PipelineError('COMPONENT_START', `kubeconfig user "me": the plugin ${exec.command} ${message}`),
      );
    },
  );
});

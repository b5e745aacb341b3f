import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../src/index.ts';
import { hasKubernetes, skipWithoutKubernetes } from './skip-without-kubernetes.ts';

const START_LIMIT_MS = 180_000;

let controlPlane: ControlPlane;
beforeAll(async () => {
  if (hasKubernetes) controlPlane = await startControlPlane();
}, START_LIMIT_MS);
afterAll(() => controlPlane?.stop());
beforeEach(skipWithoutKubernetes);

const PODS = '/api/v1/pods';
const NODES = '/api/v1/nodes';

/** The status of an answer: 200 or what it was refused with. */
async function statusOf(path: string, token: string): Promise<number> {
  try {
    await controlPlane.request('GET', path, undefined, { token });
    return 200;
  } catch (error) {
    return (error as { status: number }).status;
  }
}

it('a ServiceAccount may do what its rules say, and what they say later', async () => {
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['list'] });
  await controlPlane.serviceAccount('agents', 'reader', [rule('pods')]);
  const token = await controlPlane.tokenFor('agents', 'reader');
  await expect.poll(() => statusOf(PODS, token), { timeout: 30_000 }).toBe(200);
  expect(await statusOf(NODES, token)).toBe(403);
  await controlPlane.serviceAccount('agents', 'reader', [rule('nodes')]);
  await expect.poll(() => statusOf(NODES, token), { timeout: 30_000 }).toBe(200);
  await expect.poll(() => statusOf(PODS, token), { timeout: 30_000 }).toBe(403);
});

it('a token of a few seconds is good for those', async () => {
  await controlPlane.serviceAccount('agents', 'brief', [
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  ]);
  const token = await controlPlane.tokenFor('agents', 'brief', 30);
  await expect.poll(() => statusOf(PODS, token), { timeout: 30_000 }).toBe(200);
  const old = await controlPlane.tokenFor('agents', 'brief', 1);
  await expect.poll(() => statusOf(PODS, old), { timeout: 30_000 }).toBe(401);
});

it(
  'a restart keeps the objects and the port',
  async () => {
    await controlPlane.namespace('kept');
    await controlPlane.restart();
    expect(await controlPlane.request('GET', '/api/v1/namespaces/kept')).toMatchObject({
      kind: 'Namespace',
      metadata: { name: 'kept' },
    });
  },
  START_LIMIT_MS,
);

it('a kubeconfig leads to the API server with the token that was asked for', () => {
  const text = readFileSync(controlPlane.kubeConfig({ token: 'abc', url: 'https://127.0.0.1:1' }), 'utf8');
  expect(JSON.parse(text)).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    clusters: [
      {
        name: 'lab',
        cluster: { server: 'https://127.0.0.1:1', 'certificate-authority': controlPlane.caFile },
      },
    ],
    users: [{ name: 'lab', user: { token: 'abc' } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
  });
});

it(
  'leaves no process and no file when its owner is killed',
  async () => {
    const program = path.join(import.meta.dirname, 'killed-control-plane.ts');
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface(child.stdout), 'line');
    const { folder } = JSON.parse(line) as { folder: string };
    expect(existsSync(folder)).toBe(true);
    expect(programsIn(folder)).toEqual(['etcd', 'kube-apiserver']);
    child.kill('SIGKILL');
    await expect.poll(() => existsSync(folder), { timeout: 30_000 }).toBe(false);
    await expect.poll(() => programsIn(folder), { timeout: 30_000 }).toEqual([]);
  },
  START_LIMIT_MS,
);

/** The names of the programs whose arguments name a folder. */
function programsIn(folder: string): string[] {
  return readdirSync('/proc')
    .flatMap((pid) => {
      try {
        const [file = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        const name = path.basename(file);
        const isOurs = name === 'etcd' || name === 'kube-apiserver';
        return isOurs && args.some((arg) => arg.includes(folder)) ? [name] : [];
      } catch {
        return [];
      }
    })
    .sort();
}

/** A real engine for tests: Podman's API service with a store of its own, and an image that is made of this machine's `sleep`. */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a test's image is called. */
export const IMAGE = 'localhost/tributary/sleep:1';

const READY_MS = 30_000;

/** Why there can be no engine here; empty where there can. */
export function engineProblems(): readonly string[] {
  const missing = ['podman', 'runc', 'conmon'].filter((name) => find(name) === undefined);
  if (process.getuid?.() !== 0) return ['a container engine for tests needs root'];
  return missing.length === 0 ? [] : [`not installed: ${missing.join(', ')} (apt-get install podman runc)`];
}

/** An engine of its own, and what tests tell it. */
export interface Engine extends AsyncDisposable {
  readonly socket: string;
  /** Asks the engine's Docker API; gives its answer of JSON, and throws on a status of 400 or above. */
  ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  /** Creates and starts a container that sleeps; gives its id. */
  run(
    name: string,
    options?: { readonly labels?: Record<string, string>; readonly network?: string },
  ): Promise<string>;
  /** Ends the service, as an upgrade of the engine would; containers run on. */
  pause(): Promise<void>;
  /** Starts it again. */
  resume(): Promise<void>;
}

/** Starts an engine. Its containers, networks and files are removed at its disposal. */
export async function startEngine(): Promise<Engine> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'tributary-podman-'));
  const socket = path.join(dir, 'podman.sock');
  const flags = [
    ...[
      '--root',
      path.join(dir, 'root'),
      '--runroot',
      path.join(dir, 'run'),
      '--tmpdir',
      path.join(dir, 'tmp'),
    ],
    ...['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'file'],
    ...['--runtime', find('runc')!, '--log-level', 'error'],
  ];
  const podman = (args: readonly string[]): string =>
    execFileSync('podman', [...flags, ...args], { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  importImage(dir, podman);

  let service = await serve(flags, socket);
  const ids: string[] = [];
  const ask: Engine['ask'] = (method, target, body) => request(socket, method, target, body);
  return {
    socket,
    ask,
    async run(name, { labels = {}, network } = {}) {
      const limit = (limitName: string) => ({ Name: limitName, Soft: 1024, Hard: 1024 });
      const created = await ask('POST', `/v1.41/containers/create?name=${name}`, {
        Image: IMAGE,
        Cmd: ['/bin/sleep', '1000'],
        Labels: labels,
        StopTimeout: 0,
        HostConfig: {
          // The defaults of the engine are above what an unprivileged test machine allows.
          Ulimits: [limit('nofile'), limit('nproc')],
          ...(network === undefined ? {} : { NetworkMode: network }),
        },
      });
      const { Id: id } = created as { Id: string };
      ids.push(id);
      await ask('POST', `/v1.41/containers/${id}/start`);
      return id;
    },
    async pause() {
      await end(service);
    },
    async resume() {
      service = await serve(flags, socket);
    },
    async [Symbol.asyncDispose]() {
      await end(service);
      podman(['rm', '--all', '--force', '--time', '0']);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

type Service = ReturnType<typeof spawn>;

async function serve(flags: readonly string[], socket: string): Promise<Service> {
  const service = spawn('podman', [...flags, 'system', 'service', '--time', '0', `unix://${socket}`], {
    stdio: 'ignore',
  });
  const limit = Date.now() + READY_MS;
  for (;;) {
    try {
      await request(socket, 'GET', '/version');
      return service;
    } catch (error) {
      if (Date.now() > limit || service.exitCode !== null) throw error;
      await sleep(50);
    }
  }
}

async function end(service: Service): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return;
  const ended = new Promise((resolve) => service.once('exit', resolve));
  service.kill('SIGKILL');
  await ended;
}

/** An image of `sleep` and the libraries that it needs: nothing is pulled from anywhere. */
function importImage(dir: string, podman: (args: readonly string[]) => string): void {
  const tree = path.join(dir, 'image');
  const libraries = execFileSync('ldd', ['/bin/sleep'], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  for (const file of ['/bin/sleep', ...libraries]) {
    mkdirSync(path.join(tree, path.dirname(file)), { recursive: true });
    copyFileSync(file, path.join(tree, file));
  }
  const tar = path.join(dir, 'image.tar');
  execFileSync('tar', ['-C', tree, '-cf', tar, '.']);
  podman(['import', '--quiet', tar, IMAGE]);
}

function request(
  socketPath: string,
  method: string,
  target: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = http.request({ socketPath, method, path: target, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        if ((response.statusCode ?? 500) >= 400)
          reject(new Error(`${method} ${target}: ${response.statusCode} ${text}`));
        else resolve(text === '' ? {} : JSON.parse(text));
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function find(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/libexec/podman'];
  return folders.map((folder) => path.join(folder, program)).find(existsSync);
}

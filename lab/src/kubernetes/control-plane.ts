/**
 * A real Kubernetes API server with its etcd, as envtest has them: no controllers, no scheduler, no kubelet. What those do
 * (ServiceAccounts of a namespace, EndpointSlices, the status of pods) is done through the API by who uses it.
 */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../free-port.ts';
import { LabProcess } from '../lab-process.ts';
import { poll } from '../poll.ts';
import { ApiRefusal, type ApiRequestOptions, ApiRequests } from './api-requests.ts';
import { assetPath } from './assets.ts';
import { ProcessKeeper } from './process-keeper.ts';
import { type Account, signToken, TOKEN_ISSUER } from './service-account-token.ts';

/** Sockets in the folder in which both programs run. etcd insists on a port, which is then part of the file's name. */
const ETCD = 'unix://etcd:1';
const ETCD_PEERS = 'unix://etcd-peers:1';
/** TokenRequest gives no token for less. */
const SHORTEST_REQUESTED_SECONDS = 600;
/** It takes 3 to 8 seconds, and longer only on a machine that is busy with other things. */
const READY_WITHIN_MS = 120_000;
/** How long a program may take to end by itself before it is killed, in milliseconds. */
const END_WITHIN_MS = 10_000;

/** How the API server is to be. */
export interface ControlPlaneOptions {
  /** The networks of ClusterIPs, one for each family. */
  readonly serviceNetworks?: readonly string[];
  /** More arguments of kube-apiserver. */
  readonly flags?: readonly string[];
}

/** What a ServiceAccount may do: a rule of a ClusterRole. */
export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** Whose kubeconfig, and where it leads. */
export interface KubeConfigOptions {
  /** The file to write; by default one of its own that goes away with the control plane. */
  readonly path?: string;
  /** By default the administrator's. */
  readonly token?: string;
  /** A program that prints an ExecCredential, in place of a token. */
  readonly exec?: readonly string[];
  /** By default the API server's own; a proxy in front of it is another. */
  readonly url?: string;
}

/** Starts etcd and an API server, which is ready when this returns. They end with this process, however it ends. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const controlPlane = new ControlPlane(await freePort(), options);
  try {
    await controlPlane.start();
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
  return controlPlane;
}

/** An API server that runs. */
export class ControlPlane implements AsyncDisposable {
  readonly url: string;
  /** The API server's certificate, made by itself, with that of its authority, in PEM. */
  readonly caFile: string;
  /** A token that may do everything. */
  readonly adminToken = randomBytes(16).toString('hex');
  readonly #port: number;
  readonly #options: ControlPlaneOptions;
  readonly #folder: string;
  readonly #signingKey: KeyObject;
  readonly #keeper: ProcessKeeper;
  #etcd: LabProcess | undefined;
  #server: LabProcess | undefined;
  #requests: ApiRequests | undefined;
  #filesMade = 0;

  /** Who makes one with `new` starts it himself; see startControlPlane. */
  constructor(port: number, options: ControlPlaneOptions) {
    assetPath('kube-apiserver');
    this.#port = port;
    this.#options = options;
    this.#folder = mkdtempSync(path.join(tmpdir(), 'tributary-kubernetes-'));
    this.#keeper = new ProcessKeeper(this.#folder);
    this.#signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    this.url = `https://127.0.0.1:${port}`;
    this.caFile = path.join(this.#folder, 'apiserver.crt');
  }

  /** What to trust, in PEM. */
  get ca(): string {
    return readFileSync(this.caFile, 'utf8');
  }

  /** The API server's own certificate and key, in PEM, for a proxy that takes its place. */
  get certificate(): { readonly cert: string; readonly key: string } {
    return { cert: this.ca, key: readFileSync(path.join(this.#folder, 'apiserver.key'), 'utf8') };
  }

  /** Starts both programs and waits until the API server is ready. */
  async start(): Promise<void> {
    this.#etcd = this.#spawn(assetPath('etcd'), [
      `--data-dir=${path.join(this.#folder, 'etcd')}`,
      `--listen-client-urls=${ETCD}`,
      `--advertise-client-urls=${ETCD}`,
      `--listen-peer-urls=${ETCD_PEERS}`,
      `--initial-advertise-peer-urls=${ETCD_PEERS}`,
      `--initial-cluster=default=${ETCD_PEERS}`,
      '--unsafe-no-fsync',
      '--log-level=error',
    ]);
    this.#write('tokens.csv', `${this.adminToken},admin,admin,system:masters\n`);
    this.#write('accounts.key', this.#signingKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    await this.#startServer();
  }

  /** Ends the API server and starts it again: on the same port, with the same objects and another watch cache. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.stopServer(signal);
    await this.#startServer();
  }

  /** Ends the API server alone, until `restart`. */
  async stopServer(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await end(this.#server, signal);
    this.#server = undefined;
  }

  /** Ends both programs and removes their files. */
  async stop(): Promise<void> {
    this.#requests?.close();
    await Promise.all([end(this.#server, 'SIGKILL'), end(this.#etcd, 'SIGKILL')]);
    rmSync(this.#folder, { recursive: true, force: true });
    this.#keeper.dismiss();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Sends a request as the administrator and returns the parsed answer; throws an ApiRefusal unless the status is 2xx. */
  request<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    options?: ApiRequestOptions,
  ): Promise<T> {
    if (this.#requests === undefined) throw new Error('lab: the API server has not been started.');
    return this.#requests.send<T>(method, path, body, options);
  }

  /** Makes an object, or makes it what is given here (server-side apply). `path` is that of the object itself. */
  apply<T = unknown>(path: string, object: unknown): Promise<T> {
    return this.request<T>('PATCH', `${path}?fieldManager=lab&force=true`, object, {
      contentType: 'application/apply-patch+yaml',
    });
  }

  /** Writes a kubeconfig and returns its path. */
  kubeConfig(options: KubeConfigOptions = {}): string {
    const { token = this.adminToken, url = this.url, exec } = options;
    const [command, ...args] = exec ?? [];
    const apiVersion = 'client.authentication.k8s.io/v1';
    const user =
      exec === undefined ? { token } : { exec: { apiVersion, command, args, interactiveMode: 'Never' } };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'lab',
      clusters: [{ name: 'lab', cluster: { server: url, 'certificate-authority': this.caFile } }],
      users: [{ name: 'lab', user }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
    };
    this.#filesMade += 1;
    const file = options.path ?? path.join(this.#folder, `kubeconfig-${this.#filesMade}`);
    // YAML has JSON in it.
    writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
    return file;
  }

  /** Makes a namespace with the `default` ServiceAccount that its pods need. */
  async namespace(name: string): Promise<void> {
    await this.apply(`/api/v1/namespaces/${name}`, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
    await this.#account(name, 'default');
  }

  /** Makes a ServiceAccount that may do exactly this in the whole cluster, or changes what it may do. */
  async serviceAccount(namespace: string, name: string, rules: readonly PolicyRule[]): Promise<void> {
    await this.namespace(namespace);
    await this.#account(namespace, name);
    const group = 'rbac.authorization.k8s.io';
    const metadata = { name: `${namespace}-${name}` };
    await this.apply(`/apis/${group}/v1/clusterroles/${metadata.name}`, {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata,
      rules,
    });
    await this.apply(`/apis/${group}/v1/clusterrolebindings/${metadata.name}`, {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', namespace, name }],
    });
  }

  /** A token of a ServiceAccount: by TokenRequest, or for less than ten minutes signed with the same key. */
  async tokenFor(namespace: string, serviceAccount: string, seconds = 3600): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`;
    if (seconds < SHORTEST_REQUESTED_SECONDS) {
      const { metadata } = await this.request<{ metadata: Account }>('GET', path);
      return signToken(metadata, seconds, this.#signingKey);
    }
    const asked = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: seconds },
    };
    const { status } = await this.request<{ status: { token: string } }>('POST', `${path}/token`, asked);
    return status.token;
  }

  async #startServer(): Promise<void> {
    const { serviceNetworks = ['10.96.0.0/16'], flags = [] } = this.#options;
    const file = (name: string): string => path.join(this.#folder, name);
    const server = this.#spawn(assetPath('kube-apiserver'), [
      `--etcd-servers=${ETCD}`,
      '--etcd-compaction-interval=5s',
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${this.#port}`,
      `--cert-dir=${this.#folder}`,
      `--service-account-key-file=${file('accounts.key')}`,
      `--service-account-signing-key-file=${file('accounts.key')}`,
      `--service-account-issuer=${TOKEN_ISSUER}`,
      `--service-cluster-ip-range=${serviceNetworks.join(',')}`,
      `--token-auth-file=${file('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--endpoint-reconciler-type=none',
      ...flags,
    ]);
    this.#server = server;
    this.#keeper.watch([this.#etcd, server].flatMap((running) => running?.pid ?? []));
    const probe = async (): Promise<true | undefined> => {
      if (server.hasEnded) throw new Error(`lab: kube-apiserver ended: ${server.errors.slice(-2_000)}`);
      if (this.#etcd?.hasEnded === true) {
        throw new Error(`lab: etcd ended: ${this.#etcd.errors.slice(-2_000)}`);
      }
      return await this.#isReady();
    };
    await poll('the API server to be ready', probe, READY_WITHIN_MS);
  }

  /** Undefined as long as it is not. */
  async #isReady(): Promise<true | undefined> {
    let requests: ApiRequests | undefined;
    try {
      requests = new ApiRequests(this.url, this.ca, this.adminToken);
      await requests.send('GET', '/readyz');
      // The default namespaces are made just after that.
      await requests.send('GET', '/api/v1/namespaces/default');
    } catch (error) {
      requests?.close();
      if (error instanceof ApiRefusal || isErrno(error)) return undefined;
      throw error;
    }
    this.#requests?.close();
    this.#requests = requests;
    return true;
  }

  async #account(namespace: string, name: string): Promise<void> {
    await this.apply(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace },
    });
  }

  #spawn(program: string, args: readonly string[]): LabProcess {
    const started = new LabProcess(
      ['env', `--chdir=${this.#folder}`, program, ...args],
      [path.basename(program)],
    );
    this.#keeper.watch([this.#etcd, this.#server, started].flatMap((running) => running?.pid ?? []));
    return started;
  }

  #write(name: string, text: string): string {
    const file = path.join(this.#folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }
}

async function end(program: LabProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (program === undefined || program.hasEnded) return;
  program.kill(signal);
  const impatience = setTimeout(() => program.kill('SIGKILL'), END_WITHIN_MS);
  await program.ended;
  clearTimeout(impatience);
}

/** What a connection to a server that is about to come, or to go, may end with. */
function isErrno(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}

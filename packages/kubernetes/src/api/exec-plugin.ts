/**
 * Credentials from a program that the kubeconfig names, such as `aws eks get-token`
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { errorText, PipelineError, z } from '@tributary/core';
import type { KubeCluster, KubeContext, KubeExec } from './kube-config.ts';

/** What a plugin gives. Secret. */
export interface PluginCredentials {
  readonly token: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** When they expire, in milliseconds since the Unix epoch; Infinity if that was not said. */
  readonly expiresMs: number;
}

/** Plugins may ask a cloud's servers, which may hang. */
const TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Credentials are asked for anew so long before they expire. */
const MARGIN_MS = 10_000;
const EXTENSION = 'client.authentication.k8s.io/exec';
const API_VERSION = /^client\.authentication\.k8s\.io\/v1(beta1)?$/;
const MAX_SAID_LENGTH = 300;

const answerSchema = z.looseObject({
  kind: z.literal('ExecCredential'),
  apiVersion: z.string(),
  status: z.looseObject({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().nullish(),
  }),
});

/** One plugin, whose credentials are kept until they expire, are refused, or the kubeconfig says something else. */
export class ExecPlugin {
  #kept: PluginCredentials | undefined;
  #running: Promise<PluginCredentials> | undefined;
  /** How the plugin was to be run that they are of. */
  #written = '';

  /** The credentials; all who ask while the plugin runs get the same. */
  read(exec: KubeExec, context: KubeContext): Promise<PluginCredentials> {
    const written = JSON.stringify([exec, context.userFolder]);
    if (written !== this.#written) {
      this.#written = written;
      this.#kept = undefined;
      this.#running = undefined;
    }
    const kept = this.#kept;
    if (kept !== undefined && Date.now() < kept.expiresMs - MARGIN_MS) return Promise.resolve(kept);
    this.#running ??= this.#run(exec, context);
    return this.#running;
  }

  async #run(exec: KubeExec, context: KubeContext): Promise<PluginCredentials> {
    const written = this.#written;
    try {
      const credentials = await runPlugin(exec, context);
      if (written === this.#written) this.#kept = credentials;
      return credentials;
    } finally {
      if (written === this.#written) this.#running = undefined;
    }
  }

  /** Forgets credentials that were refused with this Authorization header, if no others have come since. */
  forget(authorization: unknown): void {
    const token = this.#kept?.token;
    if (token === undefined || authorization === `Bearer ${token}`) this.#kept = undefined;
  }
}

async function runPlugin(exec: KubeExec, context: KubeContext): Promise<PluginCredentials> {
  const where = `kubeconfig user "${context.userName}": the plugin ${exec.command}`;
  if (!API_VERSION.test(exec.apiVersion)) {
    throw problem(where, `speaks ${exec.apiVersion}. Use one of client.authentication.k8s.io/v1 or v1beta1`);
  }
  if (exec.interactiveMode === 'Always') {
    throw problem(where, 'needs a terminal (interactiveMode: Always). Use another way to authenticate');
  }
  const said = await run(exec, context, where);
  let answer: unknown;
  try {
    answer = JSON.parse(said);
  } catch {
    throw problem(where, 'did not answer JSON. Run it by hand to see what it says');
  }
  const result = answerSchema.safeParse(answer);
  const status = result.data?.status;
  if (status === undefined || result.data?.apiVersion !== exec.apiVersion) {
    throw problem(
      where,
      `did not answer an ExecCredential of ${exec.apiVersion}. Run it by hand to see what it says`,
    );
  }
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
  if (token === undefined && (cert === undefined || key === undefined)) {
    throw problem(
      where,
      'gave neither a token nor a certificate with its key. Run it by hand to see what it says',
    );
  }
  const expiresMs = Date.parse(expirationTimestamp ?? '');
  return { token, cert, key, expiresMs: Number.isNaN(expiresMs) ? Number.POSITIVE_INFINITY : expiresMs };
}

function run(exec: KubeExec, { cluster, userFolder }: KubeContext, where: string): Promise<string> {
  // A name without a folder is looked for in PATH; a path is relative to the kubeconfig.
  const isPath = exec.command.includes('/') || exec.command.includes(path.sep);
  const command = isPath ? path.resolve(userFolder, exec.command) : exec.command;
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const { name, value } of exec.env ?? []) env[name] = value;
  env['KUBERNETES_EXEC_INFO'] = execInfo(exec, cluster);
  const options = { env, timeout: TIMEOUT_MS, maxBuffer: MAX_ANSWER_BYTES, encoding: 'utf8' as const };
  return new Promise((resolve, reject) => {
    const child = execFile(command, exec.args ?? [], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const isMissing = 'code' in error && error.code === 'ENOENT';
      const hint = isMissing && exec.installHint ? ` ${exec.installHint}` : '';
      reject(
        problem(where, `did not run (${reasonOf(error, stderr)}).${hint} Run it by hand to see what it says`),
      );
    });
    child.stdin?.end();
  });
}

/** The error's own text has the whole command line, whose arguments may be secret. */
function reasonOf(error: Error, stderr: string): string {
  const said = stderr.trim();
  if (said !== '') return said.slice(-MAX_SAID_LENGTH);
  if ('killed' in error && error.killed === true) return `no answer within ${TIMEOUT_MS / 1000} s`;
  if ('code' in error) return typeof error.code === 'number' ? `exit code ${error.code}` : String(error.code);
  return errorText(error).slice(0, MAX_SAID_LENGTH);
}

function execInfo(exec: KubeExec, cluster: KubeCluster): string {
  const about = {
    server: cluster.server,
    'tls-server-name': cluster['tls-server-name'] ?? undefined,
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'] ?? undefined,
    'certificate-authority-data': cluster['certificate-authority-data'] ?? undefined,
    'proxy-url': cluster['proxy-url'] ?? undefined,
    config: cluster.extensions?.find(({ name }) => name === EXTENSION)?.extension,
  };
  const spec =
    exec.provideClusterInfo === true ? { interactive: false, cluster: about } : { interactive: false };
  return JSON.stringify({ kind: 'ExecCredential', apiVersion: exec.apiVersion, spec });
}

function problem(where: string, what: string): PipelineError {
  return new PipelineError('COMPONENT_START', `${where} ${what}.`);
}

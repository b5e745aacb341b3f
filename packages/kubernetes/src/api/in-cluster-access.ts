/** How a pod reaches the API server of its cluster (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod). */
import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import { PipelineError } from '@tributary/core';
import { type Access, type AccessSource, bearer, readTrimmed } from './access.ts';

/** Where the kubelet puts a pod's token, and the certificate of the authority. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The ports at which `kubectl proxy` and insecure API servers listen, by the custom of Kubernetes clients. */
const PLAIN_PORTS = new Set(['80', '8001', '8080']);

/** What differs in tests. */
export interface InClusterOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly folder?: string;
}

/** Access with the pod's service account, or without any credentials. Throws COMPONENT_START outside of a pod. */
export function inClusterAccess(
  authType: 'serviceAccount' | 'none',
  { env = process.env, folder = SERVICE_ACCOUNT }: InClusterOptions = {},
): AccessSource {
  const server = serverOf(authType, env);
  const tokenFile = path.join(folder, 'token');
  const caFile = path.join(folder, 'ca.crt');
  if (authType === 'serviceAccount' && !existsSync(tokenFile)) {
    throw new PipelineError(
      'COMPONENT_START',
      `auth_type: serviceAccount: there is no token of a service account (${tokenFile}). Mount one (automountServiceAccountToken), or use auth_type: kubeConfig outside of a cluster.`,
    );
  }
  return {
    async read(): Promise<Access> {
      // The kubelet writes a new token long before the old one expires, so it is read for each request.
      const headers = authType === 'none' ? {} : bearer(await readTrimmed(tokenFile));
      const tls = existsSync(caFile) ? { ca: await readTrimmed(caFile) } : {};
      return { server, tls, headers, proxyUrl: undefined };
    },
    refused() {},
  };
}

function serverOf(authType: string, env: NodeJS.ProcessEnv): URL {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const scheme = authType === 'none' && PLAIN_PORTS.has(port) ? 'http' : 'https';
  const url = `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  if (host !== '' && URL.canParse(url)) return new URL(url);
  throw new PipelineError(
    'COMPONENT_START',
    `auth_type: ${authType}: the address of the API server is not known (KUBERNETES_SERVICE_HOST is "${host}", KUBERNETES_SERVICE_PORT "${port}"). Run in a pod, or use auth_type: kubeConfig.`,
  );
}

/** Access as a kubeconfig says. */
import { readFile } from 'node:fs/promises';
import { PipelineError } from '@tributary/core';
import { type Access, type AccessSource, bearer, readTrimmed, type TlsAccess } from './access.ts';
import { ExecPlugin } from './exec-plugin.ts';
import {
  type KubeCluster,
  type KubeContext,
  type KubeUser,
  kubeConfigFiles,
  readKubeConfig,
} from './kube-config.ts';
import { OidcProvider } from './oidc-provider.ts';

/** Which kubeconfig, and what of it. */
export interface KubeConfigChoice {
  readonly kube_config_path?: string | undefined;
  readonly context?: string | undefined;
}

/** Access by a kubeconfig. Throws COMPONENT_START if the file is not there or not right. */
export function kubeConfigAccess(
  choice: KubeConfigChoice,
  env: NodeJS.ProcessEnv = process.env,
): AccessSource {
  const files = kubeConfigFiles(choice.kube_config_path, env);
  const plugin = new ExecPlugin();
  const oidc = new OidcProvider();
  checkProvider(readKubeConfig(files, choice.context));
  return {
    async read(): Promise<Access> {
      // Read for each request, of which there are few: who renews a token writes it into the file.
      const context = readKubeConfig(files, choice.context);
      const { cluster, user } = context;
      const { exec, 'auth-provider': provider } = user;
      const given = exec == null ? undefined : await plugin.read(exec, context);
      const token = provider == null ? given?.token : await oidc.read(context.userName, provider);
      const tls = await tlsOf(cluster, user);
      const headers = { ...(await authorizationOf(context)), ...bearer(token), ...impersonationOf(user) };
      return {
        server: new URL(cluster.server),
        tls:
          given?.cert === undefined
            ? tls
            : { ...tls, cert: given.cert, ...(given.key && { key: given.key }) },
        headers,
        proxyUrl: cluster['proxy-url'] ?? undefined,
      };
    },
    refused({ headers }) {
      plugin.forget(headers['authorization']);
    },
  };
}

async function tlsOf(cluster: KubeCluster, user: KubeUser): Promise<TlsAccess> {
  const ca = await dataOrFile(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const cert = await dataOrFile(user['client-certificate-data'], user['client-certificate']);
  const key = await dataOrFile(user['client-key-data'], user['client-key']);
  const servername = cluster['tls-server-name'] || undefined;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
    ...(cluster['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
  };
}

async function authorizationOf({ user }: KubeContext): Promise<Record<string, string>> {
  if (user.tokenFile) return bearer(await readTrimmed(user.tokenFile));
  if (user.token) return bearer(user.token.trim());
  if (!user.username) return {};
  const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

function checkProvider({ user, userName, cluster }: KubeContext): void {
  const name = user['auth-provider']?.name;
  if (name !== undefined && name !== 'oidc') {
    throw new PipelineError(
      'COMPONENT_START',
      `kubeconfig user "${userName}": the auth provider "${name}" is not supported: Kubernetes has dropped all but oidc. Use the plugin that replaces it (exec).`,
    );
  }
  const proxy = cluster['proxy-url'];
  if (proxy && !/^https?:\/\//.test(proxy)) {
    throw new PipelineError(
      'COMPONENT_START',
      `kubeconfig of user "${userName}": proxy-url is no HTTP proxy (${proxy}). Use one whose URL begins with http:// or https://.`,
    );
  }
}

function impersonationOf(user: KubeUser): Access['headers'] {
  return {
    ...(user.as && { 'impersonate-user': user.as }),
    ...(user['as-uid'] && { 'impersonate-uid': user['as-uid'] }),
    ...(user['as-groups']?.length && { 'impersonate-group': user['as-groups'] }),
  };
}

async function dataOrFile(
  data: string | null | undefined,
  file: string | null | undefined,
): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString();
  return file ? await readFile(file, 'utf8') : undefined;
}

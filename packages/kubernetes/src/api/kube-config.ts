/**
 * Reads kubeconfig files (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1): as many as KUBECONFIG names, where
 * several have an entry of one name the first one's holds. Only the entries that the context needs are judged.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { errorText, PipelineError, z } from '@tributary/core';
import { parse } from 'yaml';

const text = z.string();
const named = z.looseObject({ name: text });
const fileSchema = z.looseObject({
  'current-context': text.nullish(),
  clusters: z.array(named).nullish(),
  users: z.array(named).nullish(),
  contexts: z.array(named).nullish(),
});
const contextSchema = z.looseObject({ context: z.looseObject({ cluster: text, user: text.nullish() }) });
const clusterSchema = z.looseObject({
  cluster: z.looseObject({
    server: z.url({ protocol: /^https?$/ }),
    'certificate-authority': text.nullish(),
    'certificate-authority-data': text.nullish(),
    'insecure-skip-tls-verify': z.boolean().nullish(),
    'tls-server-name': text.nullish(),
    'proxy-url': text.nullish(),
    extensions: z.array(z.looseObject({ name: text, extension: z.unknown() })).nullish(),
  }),
});
const execSchema = z.looseObject({
  apiVersion: text,
  command: text.min(1),
  args: z.array(text).nullish(),
  env: z.array(z.looseObject({ name: text, value: text })).nullish(),
  installHint: text.nullish(),
  provideClusterInfo: z.boolean().nullish(),
  interactiveMode: text.nullish(),
});
const userSchema = z.looseObject({
  user: z
    .looseObject({
      'client-certificate': text.nullish(),
      'client-certificate-data': text.nullish(),
      'client-key': text.nullish(),
      'client-key-data': text.nullish(),
      token: text.nullish(),
      tokenFile: text.nullish(),
      username: text.nullish(),
      password: text.nullish(),
      as: text.nullish(),
      'as-uid': text.nullish(),
      'as-groups': z.array(text).nullish(),
      exec: execSchema.nullish(),
      'auth-provider': z.looseObject({ name: text, config: z.record(text, text).nullish() }).nullish(),
    })
    .nullish(),
});

/** A cluster of a kubeconfig, with paths made absolute. */
export type KubeCluster = z.output<typeof clusterSchema>['cluster'];
/** A user of a kubeconfig, with paths made absolute. */
export type KubeUser = NonNullable<z.output<typeof userSchema>['user']>;
/** How a plugin is run that gives credentials. */
export type KubeExec = z.output<typeof execSchema>;

/** What a context of a kubeconfig says. */
export interface KubeContext {
  readonly cluster: KubeCluster;
  readonly user: KubeUser;
  /** The user's name in the file. */
  readonly userName: string;
  /** The folder of the file that has the user: a plugin's relative path starts there. */
  readonly userFolder: string;
}

interface Entry {
  readonly value: unknown;
  readonly file: string;
}

const CLUSTER_PATHS = ['certificate-authority'] as const;
const USER_PATHS = ['client-certificate', 'client-key', 'tokenFile'] as const;

/** Reads a context. Throws COMPONENT_START with what is wrong where. */
export function readKubeConfig(files: readonly string[], contextName: string | undefined): KubeContext {
  const entries = {
    clusters: new Map<string, Entry>(),
    users: new Map<string, Entry>(),
    contexts: new Map<string, Entry>(),
  };
  let current = contextName;
  for (const file of files) {
    const config = readFile(file);
    current ??= config['current-context'] || undefined;
    for (const section of ['clusters', 'users', 'contexts'] as const) {
      for (const value of config[section] ?? []) {
        if (!entries[section].has(value.name)) entries[section].set(value.name, { value, file });
      }
    }
  }
  const where = files.join(path.delimiter);
  if (current === undefined) {
    throw problem(where, 'no context is chosen (current-context is empty). Set "context"');
  }
  const { context } = judge(contextSchema, entries.contexts.get(current), where, `context "${current}"`);
  const clusterEntry = entries.clusters.get(context.cluster);
  const { cluster } = judge(clusterSchema, clusterEntry, where, `cluster "${context.cluster}"`);
  const userName = context.user ?? '';
  const userEntry = userName === '' ? { value: {}, file: where } : entries.users.get(userName);
  const user = judge(userSchema, userEntry, where, `user "${userName}"`).user ?? {};
  const userFolder = path.dirname(userEntry?.file ?? where);
  return {
    cluster: withAbsolutePaths(cluster, CLUSTER_PATHS, path.dirname(clusterEntry?.file ?? where)),
    user: withAbsolutePaths(user, USER_PATHS, userFolder),
    userName,
    userFolder,
  };
}

/** The files to read: the one that is set, else those of KUBECONFIG that are there, else `~/.kube/config`. */
export function kubeConfigFiles(
  configured: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): string[] {
  if (configured !== undefined) return [configured];
  const listed = (env['KUBECONFIG'] ?? '').split(path.delimiter).filter((file) => file !== '');
  if (listed.length === 0) return [path.join(env['HOME'] ?? homedir(), '.kube', 'config')];
  const there = listed.filter((file) => existsSync(file));
  return there.length === 0 ? listed.slice(0, 1) : there;
}

function readFile(file: string): z.output<typeof fileSchema> {
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw problem(
      file,
      `is no kubeconfig (${firstLine(errorText(error))}). Correct it, or set "kube_config_path"`,
    );
  }
  const result = fileSchema.safeParse(content);
  if (result.success) return result.data;
  throw problem(file, `is no kubeconfig (${issueText(result.error)}). Correct it, or set "kube_config_path"`);
}

function judge<Schema extends z.ZodType>(
  schema: Schema,
  entry: Entry | undefined,
  where: string,
  what: string,
): z.output<Schema> {
  if (entry === undefined) throw problem(where, `there is no ${what}. Add it, or choose another context`);
  const result = schema.safeParse(entry.value);
  if (result.success) return result.data;
  throw problem(entry.file, `${what} is not right (${issueText(result.error)}). Correct it`);
}

/** Where a value is wrong; never the value, which may be a secret. */
function issueText(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.')}: ${issue?.message}`;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}

function withAbsolutePaths<Value extends object>(
  value: Value,
  keys: readonly (keyof Value)[],
  folder: string,
): Value {
  const copy = { ...value };
  for (const key of keys) {
    const file = copy[key];
    if (typeof file === 'string' && file !== '') Object.assign(copy, { [key]: path.resolve(folder, file) });
  }
  return copy;
}

function problem(where: string, what: string): PipelineError {
  return new PipelineError('COMPONENT_START', `kubeconfig ${where}: ${what}.`);
}

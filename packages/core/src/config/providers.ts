/**
 * Where configuration comes from: `file:`, `env:`, `yaml:`, `http:` and `https:` URIs, each for whole configurations
 * (`--config`) and for single values (`${…}`).
 */
import { open, readdir } from 'node:fs/promises';
import { dirname, isAbsolute, parse, resolve } from 'node:path';
import { didYouMean, nearest } from './suggest.ts';

/** The largest text that is taken from anywhere: what a Kubernetes ConfigMap can hold. */
export const MAX_SOURCE_BYTES = 1_048_576;

/** How long a web server may take to give a configuration, in milliseconds. */
const HTTP_TIMEOUT_MS = 10_000;

/** The schemes of configuration URIs. */
export const SCHEMES = ['env', 'file', 'http', 'https', 'yaml'] as const;

const ENV_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** The world as providers see it. */
export interface ProviderContext {
  /** The working directory, against which paths are resolved first, as in the Collector. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What was retrieved, to be read the same again: it is kept here, and taken from here where it is there. */
  readonly retrieved?: Map<string, Retrieved>;
}

/** A `scheme:rest` reference. */
export interface ConfigUri {
  readonly scheme: string;
  readonly opaque: string;
}

/** What a provider gave. */
export interface Retrieved {
  readonly text: string;
  /** How diagnostics name it; without credentials. */
  readonly name: string;
  /** The folder for the paths that the text names. */
  readonly dir: string;
  /** The file that it was read from, by its full path. */
  readonly file?: string;
  /** What the user should know of it. */
  readonly notice?: {
    readonly severity: 'warning' | 'info';
    readonly message: string;
    readonly hint?: string;
  };
  /** True if there is no value at all: a variable that is not set. */
  readonly isUnset?: boolean;
  /** True for a text that is not to be read as YAML: an empty default. */
  readonly isLiteral?: boolean;
}

/** A reference that cannot be followed: what is wrong, and what to do. */
export class RetrieveError extends Error {
  override readonly name = 'RetrieveError';
  readonly hint: string | undefined;
  readonly suggestion: string | undefined;
  /** True if the reference itself is wrong, and not what it points to. */
  readonly isMalformed: boolean;

  constructor(
    message: string,
    options: { hint?: string | undefined; suggestion?: string | undefined; isMalformed?: boolean } = {},
  ) {
    super(message);
    this.hint = options.hint;
    this.suggestion = options.suggestion;
    this.isMalformed = options.isMalformed ?? false;
  }
}

/** Takes a `scheme:rest` apart; undefined if it is none. Schemes have at least two characters. */
export function parseUri(text: string): ConfigUri | undefined {
  const match = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s.exec(text);
  return match === null ? undefined : { scheme: match[1] as string, opaque: match[2] as string };
}

/**
 * Gets the text that a URI names. `dirs` are the folders where a relative path is looked for, the first first.
 * Throws a `RetrieveError`.
 */
export async function retrieve(
  uri: ConfigUri,
  dirs: readonly string[],
  context: ProviderContext,
): Promise<Retrieved> {
  const key = JSON.stringify([uri, dirs]);
  const known = context.retrieved?.get(key);
  if (known !== undefined) return known;
  const retrieved = await retrieveAnew(uri, dirs, context);
  context.retrieved?.set(key, retrieved);
  return retrieved;
}

async function retrieveAnew(
  uri: ConfigUri,
  dirs: readonly string[],
  context: ProviderContext,
): Promise<Retrieved> {
  switch (uri.scheme) {
    case 'env':
      return retrieveVariable(uri.opaque, context);
    case 'yaml':
      return { text: uri.opaque, name: yamlName(uri.opaque), dir: context.cwd };
    case 'file':
      return await retrieveFile(uri.opaque, dirs);
    case 'http':
    case 'https':
      return await retrieveUrl(`${uri.scheme}:${uri.opaque}`, context.cwd);
    default: {
      const suggestion = nearest(uri.scheme, SCHEMES);
      throw new RetrieveError(`scheme "${uri.scheme}" is not supported (known: ${SCHEMES.join(', ')})`, {
        hint: didYouMean(suggestion),
        suggestion,
        isMalformed: true,
      });
    }
  }
}

/** `NAME` or `NAME:-default`; the default counts only where the variable is not set, unlike in shells. */
function retrieveVariable(reference: string, { cwd, env }: ProviderContext): Retrieved {
  const separator = reference.indexOf(':-');
  const name = separator === -1 ? reference : reference.slice(0, separator);
  if (!ENV_NAME.test(name)) {
    throw new RetrieveError(
      `environment variable ${JSON.stringify(name)} has invalid name: must match regex ${ENV_NAME.source}`,
      { isMalformed: true },
    );
  }
  const base = { name: `env:${name}`, dir: cwd };
  const value = env[name];
  if (value === undefined && separator !== -1) {
    const text = reference.slice(separator + 2);
    return { ...base, text, isLiteral: text === '' };
  }
  if (value === undefined) {
    const message = `configuration references unset environment variable "${name}"`;
    const hint = `Set it, or give a default: \${env:${name}:-…}`;
    return { ...base, text: '', isUnset: true, notice: { severity: 'warning', message, hint } };
  }
  if (value === '') {
    const message = `configuration references empty environment variable "${name}"`;
    return { ...base, text: '', notice: { severity: 'info', message } };
  }
  return { ...base, text: value };
}

async function retrieveFile(path: string, dirs: readonly string[]): Promise<Retrieved> {
  const candidates = isAbsolute(path) ? [path] : [...new Set(dirs.map((dir) => resolve(dir, path)))];
  for (const file of candidates) {
    try {
      const text = await readLimitedFile(file);
      if (text.includes('\u0000')) throw new RetrieveError(`"${path}" is not a text file`);
      return { text, name: path, dir: dirname(file), file };
    } catch (error) {
      if (error instanceof RetrieveError) throw error;
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') continue;
      throw new RetrieveError(`cannot read "${path}" (${REASONS[code] ?? code})`);
    }
  }
  const suggestion = await nearestFile(path, candidates);
  throw new RetrieveError(`cannot read "${path}" (no such file)`, {
    hint: didYouMean(suggestion),
    suggestion,
  });
}

/** Reads to the end whatever it is, a pipe too, but never more than the limit. */
async function readLimitedFile(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const buffer = Buffer.allocUnsafe(MAX_SOURCE_BYTES + 1);
    let size = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, size, buffer.length - size);
      size += bytesRead;
      if (size > MAX_SOURCE_BYTES) throw tooLarge('the file has more');
      if (bytesRead === 0) return buffer.toString('utf8', 0, size);
    }
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
};

/** A file beside the missing one whose name is near, or differs in its extension only, as the user would write it. */
export async function nearestFile(path: string, candidates: readonly string[]): Promise<string | undefined> {
  const wanted = parse(path);
  for (const candidate of candidates) {
    const names = await readdir(dirname(candidate)).catch((): string[] => []);
    const found = names.map((name) => parse(name));
    const stem = nearest(wanted.name, new Set(found.map(({ name }) => name)));
    const name = found.find((file) => file.name === wanted.name) ?? found.find((file) => file.name === stem);
    if (name !== undefined) return path.slice(0, path.length - wanted.base.length) + name.base;
  }
  return undefined;
}

async function retrieveUrl(url: string, cwd: string): Promise<Retrieved> {
  const name = URL.canParse(url) ? urlName(new URL(url)) : url;
  let text: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(HTTP_TIMEOUT_MS) });
    if (!response.ok)
      throw new RetrieveError(`the server answered with status ${response.status} for ${name}`);
    text = await readLimited(response);
  } catch (error) {
    if (error instanceof RetrieveError) throw error;
    throw new RetrieveError(`cannot fetch ${name} (${reasonOf(error)})`);
  }
  return { text, name, dir: cwd };
}

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_SOURCE_BYTES) throw tooLarge('the answer has more');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(found: string): RetrieveError {
  return new RetrieveError(`a configuration has at most ${MAX_SOURCE_BYTES} bytes (${found})`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${HTTP_TIMEOUT_MS / 1000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** User, password and query may be secret. */
function urlName({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** The first key; what follows may be secret. */
function yamlName(text: string): string {
  return `yaml:${/^[\w./:-]*?(?=:\s|$)/.exec(text)?.[0] ?? ''}`;
}

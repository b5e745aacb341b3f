import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** How long building it may take. */
export const BUILD_TIMEOUT_MS = 300_000;

const FOLDER = path.resolve(import.meta.dirname, '../../../.cache/h2spec');
const BINARY = path.join(FOLDER, 'h2spec');

/**
 * The HTTP/2 conformance suite, https://github.com/summerwind/h2spec: what `H2SPEC` names, else one that is built with Go, once,
 * into the checkout's `.cache`. Gives the path, or why there is none.
 */
export function findH2spec(): { readonly binary: string } | { readonly reason: string } {
  const given = process.env['H2SPEC'];
  if (given !== undefined) return { binary: given };
  if (existsSync(BINARY)) return { binary: BINARY };
  if (spawnSync('go', ['version']).status !== 0) return { reason: 'h2spec needs Go to be built' };
  mkdirSync(FOLDER, { recursive: true });
  const env = { ...process.env, GOBIN: FOLDER, GOFLAGS: '-mod=mod' };
  const module = 'github.com/summerwind/h2spec/cmd/h2spec@latest';
  const { status, stderr } = spawnSync('go', ['install', module], { cwd: FOLDER, env, encoding: 'utf8' });
  if (status === 0 && existsSync(BINARY)) return { binary: BINARY };
  return { reason: `h2spec cannot be built here (${stderr.trim().split('\n').at(-1) ?? ''})` };
}

#!/usr/bin/env node
/**
 * Starts Tributary under any Node from 20 on: goes on in this process where it can run TypeScript sources, else in the
 * Node that the npm package `node` brought.
 */
import { spawn } from 'node:child_process';
import module from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
// Type stripping is stable from 24.12 on.
const runsTypeScript = major > 24 || (major === 24 && minor >= 12);

/**
 * V8 gives a function its best code after 3,000 calls, and begins to count anew where a new kind of object comes by in
 * its first 500. What runs once a request gets there after seconds or minutes of load, and takes up to twice the time
 * until then (bench/README.md). And it does not look what kinds of objects come by in a function's first calls: those of a connection
 * that has just been made are met again with the next client, long after, and a function that was not made for them begins anew
 * (docs/decisions/0013).
 */
const V8_FLAGS = [
  '--invocation-count-for-turbofan=500',
  '--minimum-invocations-after-ic-update=100',
  '--no-lazy-feedback-allocation',
];

function bundledNode() {
  const manifest = module.createRequire(import.meta.url).resolve('node/package.json');
  return path.join(path.dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

function goOn() {
  const node = bundledNode();
  const args = [...V8_FLAGS, program, ...process.argv.slice(2)];
  // Replacing the process keeps its pid and its signals; Node 20 cannot, so there a parent stays and passes them on.
  if (typeof process.execve === 'function') process.execve(node, [node, ...args], process.env);
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    console.error(
      `tributary: the bundled Node cannot be started (${error.message}). Run npm ci and try again.`,
    );
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * Keeps compiled code between runs, in a folder that only this user writes: the second start is quicker, and takes
 * 30 MB less because the compiler that strips the types is not even loaded. A folder that cannot be written is no
 * error: the program then compiles at each start.
 */
function keepCompiledCode() {
  const base = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache');
  if (process.env.NODE_COMPILE_CACHE !== undefined || !path.isAbsolute(base)) return;
  module.enableCompileCache(path.join(base, 'tributary', 'compiled'));
}

if (runsTypeScript) {
  // Before compiled code is looked for, which is kept by the flags that it was made with.
  // Another V8 may not know them, and would say so at every command.
  if (major === 24) for (const flag of V8_FLAGS) v8.setFlagsFromString(flag);
  keepCompiledCode();
  await import('../src/main.ts');
} else {
  goOn();
}

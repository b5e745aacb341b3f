/** A Go Collector as a program of its own, by a configuration. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@tributary/lab';
import { existingCollector } from '../../bench/src/peer.ts';
import type { Found } from './toolchains.ts';

/** Less than a hook of a test may take. */
const START_TIMEOUT_MS = 50_000;

const NO_COLLECTOR =
  'no Go Collector here: name one by OTELCOL, or build one by "node scripts/run.mjs collector"';

/** The Go Collector's program, or why there is none. */
export function collectorProgram(): Found<string> {
  const found = existingCollector();
  return found === undefined ? { reason: NO_COLLECTOR } : { found };
}

/** So many ports that nobody listens on, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** Starts it, waits until it is ready, and gives what ends it. Fails with what it said where it ends before. */
export async function startCollector(program: string, config: object): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-collector-'));
  const file = path.join(folder, 'collector.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const collector = spawn(program, ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => collector.once('exit', resolve));
    if (collector.exitCode === null && collector.kill('SIGKILL')) await ended;
    rmSync(folder, { recursive: true });
  };
  try {
    await ready(collector);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

function ready(collector: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    collector.stderr?.on('data', (chunk) => {
      said += chunk;
      if (said.includes('Everything is ready')) {
        said = '';
        resolve();
      }
    });
    collector.on('exit', () => reject(new Error(said)));
    collector.on('error', reject);
    setTimeout(() => reject(new Error(`the Collector is not ready: ${said}`)), START_TIMEOUT_MS).unref();
  });
}

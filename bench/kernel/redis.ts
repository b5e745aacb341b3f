import { execFile, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PORT = '7072';

/** A Redis server in a network namespace, and its own benchmark as the client. */
export class Redis {
  readonly #inside: readonly string[];
  readonly #server: ReturnType<typeof spawn>;

  private constructor(inside: readonly string[], server: ReturnType<typeof spawn>) {
    this.#inside = inside;
    this.#server = server;
  }

  /** Starts a server that keeps nothing. */
  static async start(namespace: string): Promise<Redis> {
    const inside = ['netns', 'exec', namespace];
    const settings = ['--port', PORT, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const server = spawn('ip', [...inside, 'redis-server', ...settings], { stdio: 'ignore' });
    const redis = new Redis(inside, server);
    while (!(await redis.#answers())) await delay(50);
    return redis;
  }

  /** Requests a second, over 20 connections. */
  async rate(requests: number): Promise<number> {
    const options = ['-p', PORT, '-c', '20', '-n', String(requests), '-t', 'set', '--csv'];
    const { stdout } = await run('ip', [...this.#inside, 'redis-benchmark', ...options]);
    const line = stdout.split('\n').find((each) => each.startsWith('"SET"')) ?? '';
    return Number(line.split(',')[1]?.replaceAll('"', ''));
  }

  stop(): void {
    this.#server.kill('SIGKILL');
  }

  async #answers(): Promise<boolean> {
    if (this.#server.exitCode !== null)
      throw new Error('redis-server ended; is the package redis-server installed?');
    try {
      const { stdout } = await run('ip', [...this.#inside, 'redis-cli', '-p', PORT, 'ping']);
      return stdout.trim() === 'PONG';
    } catch {
      return false;
    }
  }
}

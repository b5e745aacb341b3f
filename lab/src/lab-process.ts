import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

/** What a process may say that nobody has read yet is kept to this length, in characters. */
const MAX_KEPT_OUTPUT = 1024 * 1024;

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that runs in the lab. Its process is the one that `pid` names: what puts it into its place becomes it. */
export class LabProcess {
  readonly pid: number;
  /** Settles when it has ended. */
  readonly ended: Promise<ProcessEnd>;
  readonly #command: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #reader: Interface;
  readonly #lines: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #errors = '';
  #hasEnded = false;

  /** `command` is what is run, `shown` what errors call it. */
  constructor(
    command: readonly string[],
    shown: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) {
    const [file = '', ...args] = command;
    this.#command = shown.join(' ');
    this.#child = spawn(file, args, { env: { ...process.env, ...environment } });
    this.pid = this.#child.pid ?? 0;
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-MAX_KEPT_OUTPUT);
    });
    this.#reader = createInterface(this.#child.stdout);
    this.#reader.on('line', (line) => {
      if (this.#lines.length < MAX_KEPT_OUTPUT / 16) this.#lines.push(line);
      this.#wake();
    });
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#hasEnded = true;
      this.#wake();
      return { code, signal };
    });
    // Who waits for the end sees it there; an end that nobody waits for is none of Node's business.
    this.ended.catch(() => {});
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What it said on its standard error, the end of it. */
  get errors(): string {
    return this.#errors;
  }

  /** The next line of its output; throws if it ended before it said one. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#hasEnded) throw new Error(`lab: "${this.#command}" ended without a word: ${this.#errors}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The next line of its output, as JSON. */
  async json<T>(): Promise<T> {
    return JSON.parse(await this.line()) as T;
  }

  /** Gives it a line of input. */
  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Waits for its end; throws unless it succeeded. */
  async end(): Promise<void> {
    const { code, signal } = await this.ended;
    if (code !== 0) {
      throw new Error(`lab: "${this.#command}" ended with ${signal ?? `code ${code}`}: ${this.#errors}`);
    }
  }

  /** Sends it a signal. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (!this.#hasEnded) this.#child.kill(signal);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

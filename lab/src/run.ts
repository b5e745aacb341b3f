import { execFile } from 'node:child_process';

/** What a command gave. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether an exit code other than 0 is an answer and no error. */
  readonly mayFail?: boolean;
}

/** More output than this is an error, in bytes. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs a command to its end; throws with what it said unless it succeeded. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Output> {
  const [file = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      { maxBuffer: MAX_OUTPUT_BYTES, env: { ...process.env, ...options.environment } },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ code: 0, stdout, stderr });
        } else if (options.mayFail === true && typeof error.code === 'number') {
          resolve({ code: error.code, stdout, stderr });
        } else {
          const said = stderr.trim() || stdout.trim() || error.message;
          reject(new Error(`lab: "${command.join(' ')}" failed: ${said}`));
        }
      },
    );
    // A program that ends without reading its input is no error of ours.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs commands of `ip`, one a line, in a network namespace, or in the machine's own if none is named. */
export async function ipBatch(lines: readonly string[], namespace?: string): Promise<void> {
  const inside = namespace === undefined ? [] : ['-n', namespace];
  await run(['ip', ...inside, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Loads a file of nftables commands in a network namespace, all of it or nothing. */
export async function nft(namespace: string, text: string): Promise<void> {
  await run(['ip', 'netns', 'exec', namespace, 'nft', '-f', '-'], { input: text });
}

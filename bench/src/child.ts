import { type ChildProcess, spawn } from 'node:child_process';

/** How a process of the bench is to run. */
export interface ChildOptions {
  /** The network namespace that it runs in. */
  readonly namespace?: string;
  /** Arguments of Node, such as `--expose-gc`. */
  readonly nodeArguments?: readonly string[];
}

/** A bench's own process, which answers each message with one. */
export class Child {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** Runs a module, given by its path, and waits until it is ready. */
  static async start(
    module: string,
    args: readonly string[] = [],
    options: ChildOptions = {},
  ): Promise<Child> {
    const { namespace, nodeArguments = [] } = options;
    const prefix = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const [command = '', ...rest] = [...prefix, process.execPath, ...nodeArguments, module, ...args];
    const child = new Child(spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    await child.#answer();
    return child;
  }

  /** Sends a message and waits for the answer. */
  async ask<T>(message: string | number): Promise<T> {
    const answer = this.#answer();
    this.#process.send(message);
    return (await answer) as T;
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #answer(): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const ended = (): void => reject(new Error('a process of the bench ended'));
    this.#process.once('exit', ended);
    this.#process.once('message', (answer) => {
      this.#process.off('exit', ended);
      resolve(answer);
    });
    return promise;
  }
}

import { execFileSync } from 'node:child_process';

let made = 0;

/** Two network namespaces with a wire between them. */
export interface Lab {
  /** Commands that run a program in one of them. */
  readonly client: readonly string[];
  readonly server: readonly string[];
  /** Addresses on the wire. */
  readonly clientAddress: string;
  readonly serverAddress: string;
  readonly clientAddress6: string;
  readonly serverAddress6: string;
  /** Runs a program in the server's namespace, such as nft or tc. */
  inServer(...command: readonly string[]): void;
  inClient(...command: readonly string[]): void;
}

/** Makes two network namespaces, and removes them afterwards. */
export async function withLab(work: (lab: Lab) => Promise<void>): Promise<void> {
  made += 1;
  const name = `trib-${process.pid}-${made}`;
  const [client, server] = [`${name}-c`, `${name}-s`];
  // Of 10.0.0.0/8, a part that hardly any machine uses and each test process has for itself.
  const network = `10.${200 + (process.pid % 50)}.${(Math.floor(process.pid / 50) + made) % 250}`;
  const network6 = `fd00:${(process.pid % 65536).toString(16)}:${made.toString(16)}`;
  const run = (...command: readonly string[]): void => {
    execFileSync(command[0] as string, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const inside = (namespace: string): readonly string[] => ['ip', 'netns', 'exec', namespace];
  try {
    for (const namespace of [client, server]) {
      run('ip', 'netns', 'add', namespace);
      run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
    }
    run('ip', '-n', client, 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', server);
    for (const [namespace, host] of [
      [client, 1],
      [server, 2],
    ] as const) {
      run('ip', '-n', namespace, 'address', 'add', `${network}.${host}/24`, 'dev', 'wire');
      run('ip', '-n', namespace, 'address', 'add', `${network6}::${host}/64`, 'dev', 'wire', 'nodad');
      run('ip', '-n', namespace, 'link', 'set', 'wire', 'up');
    }
    await work({
      client: inside(client),
      server: inside(server),
      clientAddress: `${network}.1`,
      serverAddress: `${network}.2`,
      clientAddress6: `${network6}::1`,
      serverAddress6: `${network6}::2`,
      inServer: (...command) => run(...inside(server), ...command),
      inClient: (...command) => run(...inside(client), ...command),
    });
  } finally {
    for (const namespace of [client, server]) {
      try {
        run('ip', 'netns', 'del', namespace);
      } catch {
        // It was never made.
      }
    }
  }
}

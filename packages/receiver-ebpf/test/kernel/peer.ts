import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';

const TESTDATA = path.join(import.meta.dirname, '../../testdata');

/** A step of testdata/peer.py or udp_peer.py, which say what there is. */
export type Step = { readonly do: string } & Readonly<Record<string, unknown>>;

/** What a step said. */
export interface Facts {
  readonly port?: number;
  readonly pid?: number;
  readonly received?: number;
  readonly calls?: number;
  readonly retransmits?: number;
  readonly min_rtt?: number;
  readonly rwnd_limited?: number;
  readonly error?: string;
  readonly text?: string;
}

/** A process of one of these programs: real sockets, one step after the other. */
export class Peer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #errors = '';

  /** `prefix` is a command that runs the process elsewhere, such as `['ip', 'netns', 'exec', 'a']`. */
  constructor(steps: readonly Step[], prefix: readonly string[] = [], program = 'peer.py') {
    const [command = '', ...args] = [
      ...prefix,
      'python3',
      path.join(TESTDATA, program),
      JSON.stringify(steps),
    ];
    this.#child = spawn(command, args);
    this.#child.stderr.on('data', (chunk) => {
      this.#errors += String(chunk);
    });
    // A peer that has ended needs no leave to go on; whether it failed `end` says.
    this.#child.stdin.on('error', () => undefined);
    this.#reader = createInterface(this.#child.stdout);
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** What the next step that says something says. */
  async next(): Promise<Facts> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the peer ended: ${this.#errors}`);
    return JSON.parse(value);
  }

  /** Lets a step `wait` go on. */
  go(): void {
    this.#child.stdin.write('\n');
  }

  /** Waits for the last step; throws if one failed. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    if (this.#child.exitCode !== 0) throw new Error(`the peer failed: ${this.#errors}`);
  }

  /** Ends the process, if it is still there. */
  kill(): void {
    this.#reader.close();
    this.#child.kill('SIGKILL');
  }
}

/** Starts a peer that is gone when the test is over. */
export type StartPeer = (steps: readonly Step[], prefix?: readonly string[]) => Peer;

/** Runs `work` with peers that are gone afterwards, however it ends. */
export async function withPeers(work: (start: StartPeer) => Promise<void>, program?: string): Promise<void> {
  const peers: Peer[] = [];
  try {
    await work((steps, prefix) => {
      const peer = new Peer(steps, prefix, program);
      peers.push(peer);
      return peer;
    });
  } finally {
    for (const peer of peers) peer.kill();
  }
}

/** Where a server runs and listens, other than here on the loopback. */
export interface ServerPlace {
  readonly host: string;
  readonly prefix: readonly string[];
}

/**
 * Starts a peer that listens at `l`, takes one connection as `a` and does `rest` with it: without it, it receives to the end.
 * Waits until it listens.
 */
export async function startServer(
  start: StartPeer,
  rest: readonly Step[] = [{ do: 'receive', socket: 'a' }],
  { host, prefix }: ServerPlace = { host: '127.0.0.1', prefix: [] },
): Promise<{ server: Peer; port: number }> {
  const server = start(
    [{ do: 'listen', socket: 'l', host }, { do: 'accept', from: 'l', socket: 'a' }, ...rest],
    prefix,
  );
  const { port = 0 } = await server.next();
  return { server, port };
}

import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Target } from './subject.ts';
import { FRAME } from './wire.ts';

/** As much of what comes is kept. */
const MAX_HEARD_BYTES = 16_384;
const HEADERS_OF_AN_END = 1;

/** A connection on which anything can be sent. What comes is read and thrown away, but for its beginning. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** The TCP connection below TLS. */
  readonly #transport: Socket;
  #heard: Buffer = Buffer.alloc(0);

  private constructor(transport: Socket, socket: Socket) {
    this.#transport = transport;
    this.socket = socket;
    transport.on('error', () => undefined);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      if (this.#heard.length < MAX_HEARD_BYTES) this.#heard = Buffer.concat([this.#heard, chunk]);
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Connects, with TLS where the target has it. Resolves too if that fails: the connection is closed then. */
  static async open(target: Target): Promise<RawClient> {
    const { port, tls, protocol } = target;
    const transport = connect({ port, host: '127.0.0.1', noDelay: true });
    const ALPNProtocols = [protocol === 'grpc' ? 'h2' : 'http/1.1'];
    const socket =
      tls === undefined
        ? transport
        : connectTls({ socket: transport, servername: 'localhost', ALPNProtocols, ...tls });
    const client = new RawClient(transport, socket);
    const ready = new Promise((resolve) =>
      socket.once(tls === undefined ? 'connect' : 'secureConnect', resolve),
    );
    await Promise.race([ready, client.closed]);
    return client;
  }

  /** Connects without TLS, whatever the target wants. */
  static openBelow(target: Target): Promise<RawClient> {
    return RawClient.open({ protocol: target.protocol, port: target.port });
  }

  /** Whether the beginning of what came holds a text. */
  heard(text: string): boolean {
    return this.#heard.includes(text, 0, 'latin1');
  }

  /** How many calls were answered, of those whose answers began what came. */
  get answeredCalls(): number {
    let answers = 0;
    for (let at = 0; at + 9 <= this.#heard.length; at += 9 + this.#heard.readUIntBE(at, 3)) {
      const isEnd = this.#heard[at + 3] === FRAME.HEADERS && (this.#heard[at + 4]! & HEADERS_OF_AN_END) !== 0;
      if (isEnd) answers += 1;
    }
    return answers;
  }

  /** Sends; waits until the system has taken it, or the connection is gone. */
  async send(...parts: readonly Uint8Array[]): Promise<void> {
    if (!this.socket.writable) return;
    await Promise.race([
      new Promise((resolve) => this.socket.write(Buffer.concat(parts), resolve)),
      this.closed,
    ]);
  }

  /** Waits until the server closes the connection, or so long. Tells whether it did. */
  async stay(atMostMs: number): Promise<boolean> {
    return this.wait(() => false, atMostMs);
  }

  /** Waits until something holds, the connection is closed, or so long. Tells whether it holds, or is closed. */
  async wait(holds: () => boolean, atMostMs: number): Promise<boolean> {
    const untilMs = performance.now() + atMostMs;
    while (!holds() && !this.socket.destroyed && performance.now() < untilMs) await delay(20);
    return holds() || this.socket.destroyed;
  }

  /** Goes as one who knows how. */
  async leave(): Promise<void> {
    this.socket.end();
    await this.stay(2000);
    this.socket.destroy();
  }

  /** Goes with a RST; with TLS by closing the connection below it, since Node resets only a socket that it alone has. */
  reset(): void {
    if (this.#transport === this.socket) this.socket.resetAndDestroy();
    else this.#transport.destroy();
  }
}

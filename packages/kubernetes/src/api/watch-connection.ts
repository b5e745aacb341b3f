/**
 * A GET whose answer goes on for hours, over a connection of its own. All that comes is decrypted into one buffer and read there:
 * node:http makes two buffers of each TLS record, which at a thousand changes a second costs as much as everything else together
 * (bench/README.md). What comes within a few milliseconds is read at once, which saves a tenth more.
 */
import { validateHeaderValue } from 'node:http';
import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TlsAccess } from './access.ts';
import { type AnswerHead, readHead } from './answer-head.ts';
import type { AnswerSource, BodyTaker } from './answer-source.ts';
import { ChunkedBody } from './chunked-body.ts';

const BUFFER_BYTES = 64 * 1024;
const KEEP_ALIVE_MS = 1000;
/** What arrives in one go is read on without a pause from this on: there is more. */
const MUCH_BYTES = 64 * 1024;

/** What is asked for, and where. */
export interface WatchRequest {
  readonly server: URL;
  readonly tls: TlsAccess;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly signal: AbortSignal;
}

/** Sends a request; resolves when the head of its answer has come. `onSocket` gets what to destroy if that takes too long. */
export function openWatchConnection(
  request: WatchRequest,
  onSocket: (socket: Socket) => void,
): Promise<AnswerSource> {
  return new Promise((resolve, reject) => {
    const connection = new WatchConnection(request, resolve, reject);
    onSocket(connection.socket);
  });
}

class WatchConnection implements AnswerSource {
  readonly socket: Socket;
  readonly #onHead: (answer: AnswerSource) => void;
  readonly #onFailed: (error: Error) => void;
  /** What has come and nobody has taken: of the head, or behind it before `begin`. */
  #waiting: Buffer = Buffer.alloc(0);
  #head: AnswerHead | undefined;
  /** Undefined for a body that is as long as a field says, or goes on to the end of the connection. */
  #chunks: ChunkedBody | undefined;
  #bytesLeft = Number.POSITIVE_INFINITY;
  #taker: BodyTaker | undefined;
  #gatherMs = 0;
  #gathering: NodeJS.Timeout | undefined;
  /** What has come in this turn of the event loop; undefined if nothing has. */
  #bytesOfTurn: number | undefined;
  readonly #take = (bytes: Buffer): void => {
    if (!this.socket.destroyed) this.#taker?.data(bytes);
  };

  constructor(
    { server, tls, path, headers, signal }: WatchRequest,
    onHead: (answer: AnswerSource) => void,
    onFailed: (error: Error) => void,
  ) {
    this.#onHead = onHead;
    this.#onFailed = onFailed;
    const text = requestText(server, path, headers);
    const host = server.hostname.replace(/^\[|\]$/g, '');
    const isTls = server.protocol === 'https:';
    const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    const onread = {
      buffer,
      callback: (count: number): boolean => this.#arrived(buffer.subarray(0, count)),
    };
    const port = server.port === '' ? (isTls ? 443 : 80) : Number(server.port);
    const options: TcpNetConnectOpts = { host, port, onread };
    this.socket = isTls
      ? connectTls({
          ...options,
          servername: isIP(host) === 0 ? host : '',
          ...tls,
          ALPNProtocols: ['http/1.1'],
        })
      : connectTcp(options);
    const { socket } = this;
    // A network that loses everything says nothing: this many milliseconds without a sign, and the kernel asks for one.
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const abort = (): void => {
      socket.destroy(new Error('not wanted any more'));
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    socket.once(isTls ? 'secureConnect' : 'connect', () => socket.write(text, 'latin1'));
    socket.on('error', (error) => this.#failed(error));
    socket.on('end', () => this.#ended());
    socket.on('close', () => {
      signal.removeEventListener('abort', abort);
      clearTimeout(this.#gathering);
      this.#failed(new Error('the connection was closed within the answer'));
    });
  }

  get status(): number {
    return this.#head?.status ?? 0;
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  header(name: 'content-type' | 'retry-after'): string {
    return this.#head?.fields.get(name) ?? '';
  }

  begin(taker: BodyTaker): void {
    this.#taker = taker;
    const waiting = this.#waiting;
    this.#waiting = Buffer.alloc(0);
    this.#readBody(waiting);
    this.socket.resume();
  }

  gather(ms: number): void {
    this.#gatherMs = ms;
  }

  close(error?: Error): void {
    this.socket.destroy(error);
  }

  /** Takes what the buffer holds; whether to read on. TLS may have more in hand even then. */
  #arrived(bytes: Buffer): boolean {
    if (this.socket.destroyed) return false;
    if (this.#taker === undefined) {
      this.#waiting = Buffer.concat([this.#waiting, bytes]);
      return this.#head === undefined && this.#readHead();
    }
    if (this.#gatherMs > 0 && this.#bytesOfTurn === undefined) {
      this.#bytesOfTurn = 0;
      setImmediate(() => this.#pause());
    }
    if (this.#bytesOfTurn !== undefined) this.#bytesOfTurn += bytes.length;
    this.#readBody(bytes);
    return true;
  }

  #pause(): void {
    const isMuch = (this.#bytesOfTurn ?? 0) >= MUCH_BYTES;
    this.#bytesOfTurn = undefined;
    if (isMuch || this.socket.destroyed) return;
    this.socket.pause();
    this.#gathering = setTimeout(() => this.socket.resume(), this.#gatherMs);
  }

  /** Whether more must come before the head is whole. */
  #readHead(): boolean {
    try {
      const head = readHead(this.#waiting);
      if (head === undefined) return true;
      this.#head = head;
      this.#waiting = this.#waiting.subarray(head.end);
      if (head.length === 'chunked') this.#chunks = new ChunkedBody();
      else this.#bytesLeft = head.length;
      this.#onHead(this);
    } catch (error) {
      this.socket.destroy(error as Error);
    }
    return false;
  }

  #readBody(bytes: Buffer): void {
    try {
      if (this.#chunks !== undefined) this.#chunks.push(bytes, this.#take);
      else {
        const part = bytes.length > this.#bytesLeft ? bytes.subarray(0, this.#bytesLeft) : bytes;
        this.#bytesLeft -= part.length;
        if (part.length > 0) this.#take(part);
      }
    } catch (error) {
      this.socket.destroy(error as Error);
      return;
    }
    // Who took the bytes may have closed the connection for what is in them.
    if (this.socket.destroyed) return;
    if (this.#chunks?.isComplete === true || this.#bytesLeft === 0) this.#complete();
  }

  #ended(): void {
    if (this.#head === undefined) this.#failed(new Error('socket hang up'));
    else if (this.#chunks === undefined && this.#bytesLeft === Number.POSITIVE_INFINITY) this.#complete();
    else this.#failed(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  }

  #complete(): void {
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.end();
    this.socket.destroy();
  }

  /** Whoever waits learns of the first thing that went wrong. */
  #failed(error: Error): void {
    if (this.#head === undefined) this.#onFailed(error);
    else this.#taker?.failed(error);
  }
}

function requestText(server: URL, path: string, headers: WatchRequest['headers']): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const text of typeof value === 'string' ? [value] : value) {
      // Who may write a kubeconfig, or a token, writes no lines of the request.
      validateHeaderValue(name, text);
      lines.push(`${name}: ${text}`);
    }
  }
  return [`GET ${path} HTTP/1.1`, `host: ${server.host}`, ...lines, 'connection: close', '', ''].join('\r\n');
}

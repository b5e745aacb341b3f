import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { RawHeaders } from '../cors.ts';

interface Written {
  readonly second: number;
  readonly status: number;
  readonly text: string;
}

/** Writes answers. The head of one is made once a second and kept, by its list of headers. */
export class AnswerWriter {
  readonly #keepAlive: string;
  readonly #heads = new WeakMap<RawHeaders, Written>();
  #second = 0;
  #date = '';

  /** `idleTimeoutMs` is what clients are told that an idle connection may last; 0: nothing is said. */
  constructor(idleTimeoutMs: number) {
    const seconds = Math.floor(idleTimeoutMs / 1000);
    this.#keepAlive = `Connection: keep-alive\r\n${seconds > 0 ? `Keep-Alive: timeout=${seconds}\r\n` : ''}\r\n`;
  }

  /** Writes an answer whose headers have the length. Returns false if the socket wants no more for now. */
  write(
    socket: Socket,
    status: number,
    headers: RawHeaders,
    body: string | Uint8Array,
    closes: boolean,
  ): boolean {
    const head = closes
      ? `${this.#start(status, headers)}Connection: close\r\n\r\n`
      : this.#head(status, headers);
    if (body.length === 0) return socket.write(head, 'latin1');
    if (typeof body === 'string' && isAscii(body)) return socket.write(head + body, 'latin1');
    socket.cork();
    socket.write(head, 'latin1');
    const goesOn = socket.write(body);
    socket.uncork();
    return goesOn;
  }

  #head(status: number, headers: RawHeaders): string {
    const second = Math.floor(Date.now() / 1000);
    const known = this.#heads.get(headers);
    if (known !== undefined && known.second === second && known.status === status) return known.text;
    const text = this.#start(status, headers) + this.#keepAlive;
    this.#heads.set(headers, { second, status, text });
    return text;
  }

  #start(status: number, headers: RawHeaders): string {
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    for (let index = 0; index < headers.length; index += 2)
      text += `${headers[index]}: ${headers[index + 1]}\r\n`;
    return `${text}Date: ${this.#now()}\r\n`;
  }

  #now(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = new Date(second * 1000).toUTCString();
    }
    return this.#date;
  }
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

import { PREFACE } from '../http2/protocol.ts';

/** The first line of a request of HTTP/1, and how much of it is looked at. */
const HTTP_1_REQUEST = /^[A-Z]+ [^ ]+ HTTP\/1\.[01]\r?\n/;
const MAX_LINE_BYTES = 8 * 1024;

const HTTP_1_BODY = 'This port takes gRPC over HTTP/2 with prior knowledge. It does not speak HTTP/1.\n';

/** Said to who speaks HTTP/1: it can read nothing else. */
export const HTTP_1_ANSWER =
  'HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Type: text/plain; charset=utf-8\r\n' +
  `Content-Length: ${HTTP_1_BODY.length}\r\nConnection: close\r\n\r\n${HTTP_1_BODY}`;

/** What the first bytes of a connection are: more are needed, the preface of HTTP/2, a request of HTTP/1, or neither. */
export type Beginning = 'begun' | 'http2' | 'http1' | 'unknown';

/** Looks at the first bytes of a connection. */
export class PrefaceReader {
  #bytes = 0;
  /** How many bytes of the last chunk belong to the preface. */
  used = 0;

  get isWhole(): boolean {
    return this.#bytes === PREFACE.length;
  }

  /** Reads on; not after it was whole, or anything but a preface. */
  read(chunk: Buffer): Beginning {
    const from = this.#bytes;
    this.used = Math.min(chunk.length, PREFACE.length - from);
    if (PREFACE.compare(chunk, 0, this.used, from, from + this.used) !== 0) {
      const text = PREFACE.toString('latin1', 0, from) + chunk.toString('latin1', 0, MAX_LINE_BYTES);
      return HTTP_1_REQUEST.test(text) ? 'http1' : 'unknown';
    }
    this.#bytes += this.used;
    return this.isWhole ? 'http2' : 'begun';
  }
}

import { ChunkedBody } from './chunked-body.ts';
import {
  type Field,
  HEAD_END,
  HeadSearch,
  hasAt,
  listHas,
  MAX_FIELDS,
  MAX_HEAD_BYTES,
  MAX_KNOWN_BYTES,
  parseFields,
  parseLength,
  single,
} from './head.ts';
import { PlainBody } from './plain-body.ts';

/** More heads than these before an answer's own announce nothing. */
const MAX_ANNOUNCEMENTS = 100;
const VERSION = 'HTTP/1.';
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/** What came is not an answer of HTTP/1.1, or one that can be read in two ways. */
export class HttpFramingError extends Error {
  override readonly name = 'HttpFramingError';
  readonly code = 'HTTP_FRAMING';
}

/** The peer went away where an answer was due, or in the middle of one. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  /** As where the system says so. */
  readonly code = 'ECONNRESET';
}

/** The answer was not read to its end: it is too long. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
}

/** The answer to a request, whole. */
export class Answer {
  readonly status: number;
  readonly body: Buffer;
  /** Whether another request may follow on the connection. */
  readonly keepsConnection: boolean;
  readonly #fields: readonly Field[];

  constructor(status: number, fields: readonly Field[], body: Buffer, keepsConnection: boolean) {
    this.status = status;
    this.body = body;
    this.keepsConnection = keepsConnection;
    this.#fields = fields;
  }

  /** The value of a field, by its name in lower case; of several the first. */
  field(name: string): string | undefined {
    return this.#fields.find(([each]) => each === name)?.[1];
  }
}

interface Head {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly keepsConnection: boolean;
  /** How the body ends; a number is its length. */
  readonly framing: 'chunked' | 'until-close' | number;
}

/** A head that came before. */
interface KnownHead {
  readonly head: Head;
  /** As it came, the empty line included. */
  readonly bytes: Buffer;
}

/** Reads the answers on one connection, one after the other, from the pieces in which they come. */
export class AnswerParser {
  readonly #maxBodyBytes: number;
  readonly #search = new HeadSearch();
  #pending: Buffer = EMPTY;
  #head: Head | undefined;
  /** An answer mostly has the head of the one before. */
  #known: KnownHead | undefined;
  /** Undefined for none. */
  #body: ChunkedBody | PlainBody | undefined;
  /** Heads that came before that of the answer. */
  #announcements = 0;

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** True if a part of an answer has come, and not all of it. */
  get isUnderWay(): boolean {
    return this.#head !== undefined || this.#pending.length > 0;
  }

  /**
   * Takes a piece, of which it keeps nothing but copies. Gives the answer that it completes. Throws `HttpFramingError`, or
   * `AnswerTooLargeError`.
   */
  push(piece: Buffer): Answer | undefined {
    this.#pending = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
    const answer = this.#advance();
    if (this.#pending.length > 0 && this.#pending.buffer === piece.buffer) {
      this.#pending = Buffer.from(this.#pending);
    }
    return answer;
  }

  /** The peer has closed its side. Gives the answer that ends so; throws if one is cut off. */
  end(): Answer | undefined {
    if (this.#head?.framing === 'until-close') return this.#give(this.#head);
    if (this.isUnderWay)
      throw new ConnectionLostError('the connection was closed in the middle of the answer');
    return undefined;
  }

  #advance(): Answer | undefined {
    while (this.#head === undefined) {
      const head = this.#readHead();
      if (head === undefined) return undefined;
      // 100 and 103 announce the answer proper.
      if (head.status >= 200) this.#begin(head);
      else if (++this.#announcements > MAX_ANNOUNCEMENTS) {
        throw new HttpFramingError('the answer is announced without end');
      }
    }
    return this.#readBody(this.#head);
  }

  /** Takes the head that is next; undefined if more must come first. */
  #readHead(): Head | undefined {
    const known = this.#known;
    if (known !== undefined && hasAt(this.#pending, 0, known.bytes)) {
      this.#passHead(known.bytes.length);
      return known.head;
    }
    const end = this.#search.end(this.#pending);
    if (end > MAX_HEAD_BYTES || (end < 0 && this.#pending.length > MAX_HEAD_BYTES)) {
      throw new HttpFramingError(`the head of the answer is longer than ${MAX_HEAD_BYTES} bytes`);
    }
    if (end < 0) {
      // What will never be an answer need not be waited for.
      const isHttp = VERSION.startsWith(this.#pending.toString('latin1', 0, VERSION.length));
      if (!isHttp || this.#search.hasBareLineFeed(this.#pending)) throw notHttp();
      return undefined;
    }
    const head = parseHead(this.#pending.toString('latin1', 0, end));
    const bytes = this.#pending.subarray(0, end + HEAD_END.length);
    this.#known = end <= MAX_KNOWN_BYTES ? { head, bytes: Buffer.from(bytes) } : undefined;
    this.#passHead(bytes.length);
    return head;
  }

  #passHead(bytes: number): void {
    this.#search.begin();
    this.#pending = this.#rest(bytes);
  }

  #begin(head: Head): void {
    const { framing } = head;
    this.#head = head;
    if (framing === 'chunked') this.#body = new ChunkedBody();
    else if (framing !== 0)
      this.#body = new PlainBody(framing === 'until-close' ? Number.POSITIVE_INFINITY : framing);
  }

  #readBody(head: Head): Answer | undefined {
    const body = this.#body;
    if (body === undefined) return this.#give(head);
    const used = body.push(this.#pending);
    if (used === 'malformed') {
      const text = 'the chunks of the answer are malformed, or their trailer is too long';
      throw new HttpFramingError(text);
    }
    if (body.length > this.#maxBodyBytes) {
      throw new AnswerTooLargeError(`the answer is longer than ${this.#maxBodyBytes} bytes`);
    }
    this.#pending = this.#rest(used);
    return body.isWhole ? this.#give(head) : undefined;
  }

  #give({ status, fields, keepsConnection, framing }: Head): Answer {
    const body = this.#body?.body() ?? EMPTY;
    const isAlone = this.#pending.length === 0;
    this.#head = undefined;
    this.#body = undefined;
    this.#announcements = 0;
    this.#pending = EMPTY;
    // Bytes after an answer answer nothing that was asked.
    const isKept = keepsConnection && framing !== 'until-close' && isAlone;
    return new Answer(status, fields, body, isKept);
  }

  #rest(from: number): Buffer {
    return from === this.#pending.length ? EMPTY : this.#pending.subarray(from);
  }
}

const EMPTY = Buffer.alloc(0);

function notHttp(): HttpFramingError {
  return new HttpFramingError('the answer is not HTTP/1.1');
}

function parseHead(text: string): Head {
  const lines = text.split('\r\n');
  const status = STATUS_LINE.exec(lines[0] as string);
  if (status === null) throw notHttp();
  if (lines.length > MAX_FIELDS + 1) {
    throw new HttpFramingError(`the answer has more than ${MAX_FIELDS} header fields`);
  }
  const fields = parseFields(lines);
  if (fields === undefined) throw new HttpFramingError('a header field of the answer is malformed');
  const code = Number(status[2]);
  const isOld = status[1] === '0';
  if (isOld && (code < 200 || single(fields, 'transfer-encoding') !== undefined)) {
    throw new HttpFramingError('the answer says HTTP/1.0 and is not');
  }
  if (code === 101) throw new HttpFramingError('the answer changes the protocol, which was not asked for');
  const connection = fields.filter(([name]) => name === 'connection').map(([, value]) => value);
  const options = connection.length === 0 ? undefined : connection.join(',');
  return {
    status: code,
    fields,
    keepsConnection: isOld ? listHas(options, 'keep-alive') : !listHas(options, 'close'),
    framing: framingOf(code, fields),
  };
}

/** RFC 9112, section 6.3; what it lets a client guess at is refused. */
function framingOf(status: number, fields: readonly Field[]): Head['framing'] {
  const coding = single(fields, 'transfer-encoding');
  const length = single(fields, 'content-length');
  if (coding === null || length === null || (coding !== undefined && length !== undefined)) {
    throw new HttpFramingError('the answer has its length twice');
  }
  if (status < 200 || status === 204 || status === 304) return 0;
  if (coding !== undefined) {
    if (coding.toLowerCase() === 'chunked') return 'chunked';
    throw new HttpFramingError('the answer has an unknown transfer coding');
  }
  if (length === undefined) return 'until-close';
  const bytes = parseLength(length);
  if (bytes === undefined) throw new HttpFramingError('the length of the answer is not a number');
  return bytes;
}

/** The head of an answer of HTTP/1.1 (RFC 9112): a status line, then fields, then an empty line. */
import { MalformedError } from '../wire/field-reader.ts';

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |$)/;
const FIELD = /^([!#$%&'*+.^_`|~0-9a-z-]+):[ \t]*(.*?)[ \t]*$/i;
const HEAD_END = '\r\n\r\n';
const MAX_HEAD_BYTES = 64 * 1024;

/** What an answer says of itself. */
export interface AnswerHead {
  readonly status: number;
  /** By names in lower case; of several fields of a name the last. */
  readonly fields: ReadonlyMap<string, string>;
  /** How long the body is in bytes; 'chunked' if it says that itself, Infinity if it goes on to the end of the connection. */
  readonly length: number | 'chunked';
  /** Where the body begins. */
  readonly end: number;
}

/** Reads the head that is at the beginning of what has arrived; undefined if more must come. Throws a MalformedError. */
export function readHead(arrived: Buffer): AnswerHead | undefined {
  let start = 0;
  for (;;) {
    const end = arrived.indexOf(HEAD_END, start, 'latin1');
    if ((end === -1 ? arrived.length : end) > MAX_HEAD_BYTES) {
      throw new MalformedError('an answer with a head that is too long');
    }
    if (end === -1) return undefined;
    const head = parse(arrived.toString('latin1', start, end), end + HEAD_END.length);
    // A 1xx says that the answer is still to come.
    if (head.status >= 200) return head;
    start = head.end;
  }
}

function parse(text: string, end: number): AnswerHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(statusLine);
  if (status === null) throw new MalformedError('an answer that is no HTTP/1.1');
  const fields = new Map<string, string>();
  const lengths = new Set<string>();
  for (const line of lines) {
    const field = FIELD.exec(line);
    if (field === null) throw new MalformedError('an answer with a line in its head that is no field');
    const name = field[1]!.toLowerCase();
    fields.set(name, field[2]!);
    if (name === 'content-length') lengths.add(field[2]!);
  }
  return { status: Number(status[1]), fields, length: bodyLength(fields, lengths), end };
}

/** RFC 9112, section 6.3: chunks count for more than a length, and who says two lengths says none. */
function bodyLength(fields: ReadonlyMap<string, string>, lengths: ReadonlySet<string>): number | 'chunked' {
  const encoding = fields.get('transfer-encoding');
  if (encoding?.toLowerCase() === 'chunked') return 'chunked';
  if (encoding !== undefined)
    throw new MalformedError('an answer in a transfer encoding that nobody asked for');
  const [length] = lengths;
  if (length === undefined) return Number.POSITIVE_INFINITY;
  if (lengths.size > 1 || !/^\d+$/.test(length))
    throw new MalformedError('an answer with a length that is none');
  return Number(length);
}

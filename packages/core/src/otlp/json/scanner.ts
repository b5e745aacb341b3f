/**
 * Reads JSON text (RFC 8259) from bytes, token by token, making no values: whoever asks takes what it needs from the
 * bytes. The text is known to be UTF-8 before a scanner is made.
 *
 * The scanner also knows where in the request it is, as a path of keys and indexes, so that an error can say it.
 */
import { PermanentError } from '../../errors.ts';
import { readUtf8 } from '../utf8.ts';
import { BACKSLASH, decodeEscapes, escapeLength, NO_ESCAPE } from './escapes.ts';
import { scanNumber } from './integer.ts';

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;

/** How much of a long path an error shows at either end, in characters: it may end up in a header. */
const PATH_END_CHARACTERS = 100;

/** How much of what was found an error quotes, in bytes. */
const QUOTED_BYTES = 40;

/** See the head of this file. */
export class JsonScanner {
  readonly bytes: Buffer;
  readonly end: number;
  /** The position of what is read next. */
  at = 0;
  /** The range of the token last read: of a string without its quotes, of a number. */
  tokenStart = 0;
  tokenEnd = 0;
  /** Whether the string last read has escapes in it. */
  isEscaped = false;
  readonly #what: string;
  readonly #maxDepth: number;
  /** Keys and array indexes from the request down to where the scanner is. */
  readonly #path: (string | number)[] = [];
  #depth = 0;

  /**
   * @param what what the text is, for errors (`logs request`)
   * @param maxDepth how deep objects and arrays may be nested
   */
  constructor(bytes: Buffer, what: string, maxDepth: number) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.#what = what;
    this.#maxDepth = maxDepth;
  }

  /** Skips white space and gives the byte after it, or -1 at the end. */
  peek(): number {
    const bytes = this.bytes;
    let at = this.at;
    while (at < this.end) {
      const byte = bytes[at]!;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) {
        this.at = at;
        return byte;
      }
      at++;
    }
    this.at = at;
    return -1;
  }

  /** Reads one punctuation mark. */
  expect(byte: number): void {
    if (this.peek() !== byte) throw this.syntaxError(JSON.stringify(String.fromCharCode(byte)));
    this.at++;
  }

  /** Reads the bracket that is next and counts one level more. */
  enter(): void {
    if (++this.#depth > this.#maxDepth) {
      throw this.error(`nested deeper than ${this.#maxDepth} levels (at byte ${this.at})`);
    }
    this.at++;
  }

  /** Counts one level less; the bracket has been read by `next`. */
  leave(): void {
    this.#depth--;
  }

  /**
   * Goes on to the next member or element: false, and past the bracket, when there is none. `isFirst` says that none was
   * read yet.
   */
  next(close: number, isFirst: boolean): boolean {
    const byte = this.peek();
    if (byte === close) {
      this.at++;
      return false;
    }
    if (isFirst) return true;
    if (byte !== COMMA) throw this.syntaxError(`"," or "${String.fromCharCode(close)}"`);
    this.at++;
    return true;
  }

  /** Goes one step down the path, which errors show. */
  pushPath(step: string | number): void {
    this.#path.push(step);
  }

  /** Replaces the last step of the path: the next element of an array. */
  replacePath(step: string | number): void {
    this.#path[this.#path.length - 1] = step;
  }

  popPath(): void {
    this.#path.pop();
  }

  /** Reads the string that is next; its content is the token. */
  scanString(): void {
    if (this.peek() !== QUOTE) throw this.syntaxError('a string');
    const bytes = this.bytes;
    const end = this.end;
    let at = this.at + 1;
    this.tokenStart = at;
    this.isEscaped = false;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.tokenEnd = at;
        this.at = at + 1;
        return;
      }
      if (byte === BACKSLASH) {
        this.isEscaped = true;
        at += this.#escapeLength(at) - 1;
      } else if (byte < 0x20) {
        this.at = at;
        throw this.syntaxError('no control character in a string');
      }
    }
    this.at = end;
    throw this.syntaxError('the end of a string');
  }

  /** Reads the number that is next; it is the token. */
  scanNumber(): void {
    const end = scanNumber(this.bytes, this.at, this.end);
    if (end < 0) throw this.syntaxError('a value');
    this.tokenStart = this.at;
    this.tokenEnd = end;
    this.at = end;
  }

  /** Reads `true`, `false` or `null` if it is next, and tells whether it was. */
  takeWord(word: 'true' | 'false' | 'null'): boolean {
    const stop = this.at + word.length;
    if (stop > this.end) return false;
    for (let index = 0; index < word.length; index++) {
      if (this.bytes[this.at + index] !== word.charCodeAt(index)) return false;
    }
    this.at = stop;
    return true;
  }

  /** The string last read, decoded. */
  tokenText(): string {
    if (!this.isEscaped) return readUtf8(this.bytes, this.tokenStart, this.tokenEnd);
    const out = Buffer.allocUnsafe(this.tokenEnd - this.tokenStart);
    return readUtf8(out, 0, this.unescape(out, 0));
  }

  /** Writes the string last read, decoded, into `out`, where it takes at most as many bytes as the token; returns the position after it. */
  unescape(out: Buffer, position: number): number {
    return decodeEscapes(this.bytes, this.tokenStart, this.tokenEnd, out, position);
  }

  /** Reads a value of any type, to no effect. */
  skipValue(): void {
    const byte = this.peek();
    if (byte === OPEN_OBJECT) {
      this.enter();
      for (let isFirst = true; this.next(CLOSE_OBJECT, isFirst); isFirst = false) {
        this.scanString();
        this.expect(COLON);
        this.skipValue();
      }
      this.leave();
    } else if (byte === OPEN_ARRAY) {
      this.enter();
      for (let isFirst = true; this.next(CLOSE_ARRAY, isFirst); isFirst = false) this.skipValue();
      this.leave();
    } else if (byte === QUOTE) {
      this.scanString();
    } else if (!this.takeWord('true') && !this.takeWord('false') && !this.takeWord('null')) {
      this.scanNumber();
    }
  }

  /** The error for text that is not JSON. */
  syntaxError(expected: string): PermanentError {
    const found =
      this.at >= this.end
        ? 'the end of the request'
        : JSON.stringify(
            String.fromCodePoint(
              readUtf8(this.bytes, this.at, Math.min(this.at + 4, this.end)).codePointAt(0)!,
            ),
          );
    return new PermanentError(
      'OTLP_MALFORMED',
      `${this.#what}: byte ${this.at}: expected ${expected} (found ${found}). Send valid JSON.`,
    );
  }

  /** The error for a value of another type than the field's. `start` is where the value starts. */
  typeError(expected: string, start: number): PermanentError {
    this.at = start;
    return this.error(`expected ${expected} (found ${this.#describe()} at byte ${start})`);
  }

  /** An error that says where in the request it is. */
  error(problem: string): PermanentError {
    const path = this.#path.reduce<string>(
      (above, step) => above + (typeof step === 'number' ? `[${step}]` : `${above === '' ? '' : '.'}${step}`),
      '',
    );
    const isLong = path.length > 2 * PATH_END_CHARACTERS;
    const where = isLong ? `${path.slice(0, PATH_END_CHARACTERS)}…${path.slice(-PATH_END_CHARACTERS)}` : path;
    return new PermanentError(
      'OTLP_MALFORMED',
      `${this.#what}: ${where === '' ? '' : `${where}: `}${problem}.`,
    );
  }

  /** The value at the position in words; throws the syntax error if there is none. */
  #describe(): string {
    const start = this.at;
    const byte = this.peek();
    if (byte === OPEN_OBJECT) return 'an object';
    if (byte === OPEN_ARRAY) return 'an array';
    this.skipValue();
    const text = readUtf8(this.bytes, start, Math.min(this.at, start + QUOTED_BYTES));
    const quoted = this.at > start + QUOTED_BYTES ? `${text}…` : text;
    if (byte === QUOTE) return `the string ${quoted}`;
    return byte === MINUS || (byte >= 0x30 && byte <= 0x39) ? `the number ${quoted}` : quoted;
  }

  /** The length of the escape at a position; throws if it is none. */
  #escapeLength(position: number): number {
    const length = escapeLength(this.bytes, position, this.end);
    if (length > 0) return length;
    this.at = position;
    throw this.syntaxError(
      length === NO_ESCAPE ? 'an escape that JSON has' : 'four hexadecimal digits after "\\u"',
    );
  }
}

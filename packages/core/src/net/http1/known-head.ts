import { type Field, HEAD_END, hasAt } from './head.ts';
import type { RequestHead } from './request-head.ts';

/** The one field that changes from request to request; a head that was read has it once at most, and all digits. */
const LENGTH_FIELD = /\r\ncontent-length:[ \t]*([0-9]+)/i;
const LENGTH_NAME = 'content-length';
/** As many as `parseLength` takes. */
const MAX_DIGITS = 15;
const ZERO = 0x30;

/**
 * A head that was read before, and is known again by its bytes. The length of the body may be another: whatever can be
 * said of a head does not depend on it, as it is all digits in both.
 */
export class KnownHead<Route> {
  readonly head: RequestHead;
  readonly route: Route;
  /** Where the last head that was known ends, the empty line included. */
  end = 0;
  /** How the body that follows it ends. */
  framing: RequestHead['framing'];
  /** The bytes before the digits of the length, and those after them. */
  readonly #before: Buffer;
  readonly #after: Buffer;
  readonly #hasLength: boolean;

  /** `text` is the head without the empty line that ends it. */
  constructor(text: string, head: RequestHead, route: Route) {
    this.head = head;
    this.route = route;
    this.framing = head.framing;
    const length = LENGTH_FIELD.exec(text);
    this.#hasLength = length !== null;
    const after = length === null ? text.length : length.index + length[0].length;
    const before = after - (length?.[1]?.length ?? 0);
    this.#before = Buffer.from(text.slice(0, before), 'latin1');
    this.#after = Buffer.concat([Buffer.from(text.slice(after), 'latin1'), HEAD_END]);
    this.end = text.length + HEAD_END.length;
  }

  /** The fields, with the length of the last head that was known. */
  get fields(): readonly Field[] {
    const { fields, framing } = this.head;
    if (framing === this.framing) return fields;
    return fields.map((field) => (field[0] === LENGTH_NAME ? [LENGTH_NAME, String(this.framing)] : field));
  }

  /** Whether `bytes` begin with this head; `end` and `framing` are those of the head there then. */
  matches(bytes: Buffer): boolean {
    const before = this.#before;
    if (!hasAt(bytes, 0, before)) return false;
    let at = before.length;
    let { framing } = this.head;
    if (this.#hasLength) {
      framing = 0;
      const limit = Math.min(bytes.length, at + MAX_DIGITS);
      for (; at < limit; at += 1) {
        const digit = (bytes[at] as number) - ZERO;
        if (digit < 0 || digit > 9) break;
        framing = framing * 10 + digit;
      }
      if (at === before.length) return false;
    }
    if (!hasAt(bytes, at, this.#after)) return false;
    this.end = at + this.#after.length;
    this.framing = framing;
    return true;
  }
}

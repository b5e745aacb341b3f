/**
 * The heads of HTTP/1.1 messages, read strictly: what two readers could take differently is refused, so that nobody
 * can hide a request in another one.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc9112
 */

/** What ends a head. */
export const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * A name of RFC 9110's tokens, a colon right after it, and a value without control characters. White space before the
 * value can only be that: if it could be the value as well, a long run of it before a bad byte would take quadratic
 * time.
 */
const FIELD_LINE =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*)?)$/;

/** The longest head, as node:http's limit here. */
export const MAX_HEAD_BYTES = 64 * 1024;

/** A longer head is read anew each time: one that is remembered stays as long as its connection. */
export const MAX_KNOWN_BYTES = 4096;

/** More fields than this nobody sends; 64 KiB have room for thousands, each of which takes many times its bytes here. */
export const MAX_FIELDS = 256;

/** Fifteen digits are a petabyte; more would not be exact as a number. */
const LENGTH = /^[0-9]{1,15}$/;

/** Whether `bytes` have `part` at a place. A loop: calls into native code cost more than the few hundred bytes of a head. */
export function hasAt(bytes: Buffer, at: number, part: Buffer): boolean {
  const { length } = part;
  if (bytes.length - at < length) return false;
  for (let index = 0; index < length; index += 1) if (bytes[at + index] !== part[index]) return false;
  return true;
}

/** A field of a head; the name in lower case, the value without white space around it. */
export type Field = readonly [name: string, value: string];

/**
 * The fields of the lines after the first; undefined if one is not as the grammar has it (folded lines too), or there
 * are too many.
 */
export function parseFields(lines: readonly string[]): Field[] | undefined {
  if (lines.length > MAX_FIELDS + 1) return undefined;
  const fields: Field[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const match = FIELD_LINE.exec(lines[index] as string);
    if (match === null) return undefined;
    fields.push([(match[1] as string).toLowerCase(), trimEnd(match[2] as string)]);
  }
  return fields;
}

/** The value of a field that may be there once at most; undefined if it is absent, null if it is there again. */
export function single(fields: readonly Field[], name: string): string | undefined | null {
  let found: string | undefined;
  for (const [each, value] of fields) {
    if (each !== name) continue;
    if (found !== undefined) return null;
    found = value;
  }
  return found;
}

/** The number of a Content-Length; undefined if it is none. */
export function parseLength(value: string): number | undefined {
  return LENGTH.test(value) ? Number(value) : undefined;
}

/** Whether a list such as Connection's has an entry, whatever its case. */
export function listHas(value: string | undefined, entry: string): boolean {
  return value?.split(',').some((each) => each.trim().toLowerCase() === entry) ?? false;
}

/** Whether a line ends without a carriage return, from an offset on. */
function hasBareLineFeed(bytes: Buffer, from: number): boolean {
  for (let at = bytes.indexOf('\n', from); at >= 0; at = bytes.indexOf('\n', at + 1)) {
    if (bytes[at - 1] !== 0x0d) return true;
  }
  return false;
}

/** Looks for the end of a head while it comes, at each byte once, in however many pieces that is. */
export class HeadSearch {
  /** Of what has come, that was looked at. */
  #searched = 0;

  /** Where the head in `bytes` ends, which begin with it; -1 if more must come first. */
  end(bytes: Buffer): number {
    return bytes.indexOf(HEAD_END, Math.max(0, this.#searched - HEAD_END.length + 1));
  }

  /** Whether what came since the last call has a line without a carriage return: it will never be a head. */
  hasBareLineFeed(bytes: Buffer): boolean {
    const from = this.#searched;
    this.#searched = bytes.length;
    return hasBareLineFeed(bytes, from);
  }

  /** What comes now is another head, or is at another place. */
  begin(): void {
    this.#searched = 0;
  }
}

/** Not by a regular expression: those take quadratic time on long runs of spaces. */
function trimEnd(value: string): string {
  let end = value.length;
  while (end > 0 && (value[end - 1] === ' ' || value[end - 1] === '\t')) end -= 1;
  return value.slice(0, end);
}

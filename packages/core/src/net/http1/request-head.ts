import { METHODS } from 'node:http';
import { type Field, listHas, MAX_FIELDS, parseFields, parseLength, single } from './head.ts';

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
/** node:http answers none but these, all of which begin with a letter. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);
/** A path, perhaps with a query; whole addresses and `*` are left to node:http. */
const ORIGIN_FORM = /^\/[^#]*$/;

/** The head of a request that can be read in one way only. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly Field[];
  /** How the body ends; a number is its length. */
  readonly framing: number | 'chunked';
  /** The client waits for leave to send the body. */
  readonly awaitsContinue: boolean;
  /** The client will send nothing after it. */
  readonly isLast: boolean;
  /** A POST to a path. */
  readonly isPlain: boolean;
}

/**
 * Why a head is refused: it is not to the letter of the grammar, or ambiguous; it has more fields than are kept; or it
 * asks for what is not known here.
 */
export type BadHead = 'malformed' | 'too many fields' | 'unknown coding' | 'unknown expectation';

/**
 * Reads the head of a request, without the empty line that ends it (RFC 9112). Refused is whatever another reader
 * might read otherwise: methods that nobody knows, two lengths, a length and chunks, folded lines, white space before
 * a colon, control characters, none or two hosts.
 */
export function parseRequestHead(text: string): RequestHead | BadHead {
  const lines = text.split('\r\n');
  const [, method, target, minor] = REQUEST_LINE.exec(lines[0] as string) ?? [];
  if (lines.length > MAX_FIELDS + 1) return 'too many fields';
  const fields = parseFields(lines);
  if (method === undefined || target === undefined || fields === undefined) return 'malformed';
  if (!KNOWN_METHODS.has(method)) return 'malformed';
  const isOld = minor === '0';
  const host = single(fields, 'host');
  if (host === null || (host === undefined && !isOld)) return 'malformed';
  const framing = framingOf(fields, isOld);
  if (typeof framing === 'string' && framing !== 'chunked') return framing;
  // HTTP/1.0 knows no expectations.
  const expected = isOld ? undefined : all(fields, 'expect')?.toLowerCase();
  if (expected !== undefined && expected !== '100-continue') return 'unknown expectation';
  return {
    method,
    target,
    fields,
    framing,
    awaitsContinue: expected !== undefined,
    isLast: isOld || listHas(all(fields, 'connection'), 'close'),
    isPlain: method === 'POST' && ORIGIN_FORM.test(target),
  };
}

/** RFC 9112, section 6.3. A request without a length has no body. */
function framingOf(fields: readonly Field[], isOld: boolean): RequestHead['framing'] | BadHead {
  const coding = single(fields, 'transfer-encoding');
  const length = single(fields, 'content-length');
  if (coding === null || length === null) return 'malformed';
  if (coding !== undefined) {
    if (length !== undefined || isOld) return 'malformed';
    return coding.toLowerCase() === 'chunked' ? 'chunked' : 'unknown coding';
  }
  return length === undefined ? 0 : (parseLength(length) ?? 'malformed');
}

/** The values of a field, as the one list that they are. */
function all(fields: readonly Field[], name: string): string | undefined {
  const values = fields.filter(([each]) => each === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(',');
}

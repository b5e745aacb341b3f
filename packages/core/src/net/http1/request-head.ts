import { type Field, parseFields, parseLength, single } from './head.ts';

const REQUEST_LINE = /^POST (\/[\x21\x22\x24-\x7e]*) HTTP\/1\.1$/;

/** Fields that change how a request is read or answered; a request with one of them is node:http's. */
const SPECIAL_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The head of a POST of the plainest kind. */
export interface PlainHead {
  /** The path, and the query if there is one. */
  readonly target: string;
  readonly fields: readonly Field[];
  /** Bytes of the body. */
  readonly contentLength: number;
}

/**
 * Reads the head of a request, without the empty line that ends it. Undefined if it is not a plain POST with one host and
 * one length, or not to the letter of the grammar: what such a request is worth, node:http says.
 */
export function parsePlainHead(text: string): PlainHead | undefined {
  const lines = text.split('\r\n');
  const target = REQUEST_LINE.exec(lines[0] as string)?.[1];
  if (target === undefined) return undefined;
  const fields = parseFields(lines);
  if (fields === undefined) return undefined;
  const length = single(fields, 'content-length');
  if (typeof length !== 'string' || typeof single(fields, 'host') !== 'string') return undefined;
  if (fields.some(([name, value]) => SPECIAL_FIELDS.has(name) && !isKeepAlive(name, value))) return undefined;
  const contentLength = parseLength(length);
  return contentLength === undefined ? undefined : { target, fields, contentLength };
}

/** What a connection does anyway. */
function isKeepAlive(name: string, value: string): boolean {
  return name === 'connection' && value.toLowerCase() === 'keep-alive';
}

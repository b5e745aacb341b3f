/**
 * What a request's header block says, RFC 9113 section 8.3.1 and
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests. Shared by all calls with the same block.
 */
import type { HeaderField } from '../hpack/header-field.ts';
import { MAX_HEADER_LIST_BYTES } from '../http2/header-reader.ts';
import { readTimeout } from '../timeout-field.ts';

export interface RequestHead {
  /** Whether RFC 9113 lets it begin a request. */
  readonly isRequest: boolean;
  /** Whether RFC 9113 lets it end one. */
  readonly isTrailers: boolean;
  readonly isTooLarge: boolean;
  readonly method: string;
  readonly path: string;
  readonly isGrpc: boolean;
  /** The value of `grpc-encoding`. */
  readonly encoding: string | undefined;
  /** undefined for none, NaN for one that says nothing. */
  readonly timeoutMs: number | undefined;
  /** The value of `content-length`. */
  readonly contentLength: number | undefined;
  /** What the handler may ask for: see `UnaryRequest`. */
  metadata(): ReadonlyMap<string, readonly string[]>;
}

/** RFC 9113 section 8.2.2. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Fields that belong to the transport, beside those that begin with `grpc-`. */
const TRANSPORT_FIELDS: ReadonlySet<string> = new Set(['content-type', 'te', 'content-length', 'host']);

const GRPC_TYPE = /^application\/grpc(?:[+;]|$)/i;

/** Reads the fields of a block. Never throws. */
export function parseRequestHead(fields: readonly HeaderField[], listBytes: number): RequestHead {
  const pseudo = new Map<string, string>();
  const known: Record<string, string | undefined> = {};
  let isClean = true;
  let hasRegular = false;
  for (const { name, value, isValid } of fields) {
    if (!isValid) isClean = false;
    if (name.startsWith(':')) {
      if (hasRegular || pseudo.has(name) || !PSEUDO_FIELDS.has(name)) isClean = false;
      pseudo.set(name, value);
      continue;
    }
    hasRegular = true;
    if (CONNECTION_FIELDS.has(name) || (name === 'te' && value !== 'trailers')) isClean = false;
    if (KNOWN_FIELDS.has(name)) known[name] = value;
  }
  const path = pseudo.get(':path') ?? '';
  const method = pseudo.get(':method') ?? '';
  const contentLength = known['content-length'];
  if (contentLength !== undefined && !/^\d{1,15}$/.test(contentLength)) isClean = false;
  const timeout = known['grpc-timeout'];
  return {
    isRequest: isClean && method !== '' && path !== '' && pseudo.has(':scheme'),
    isTrailers: isClean && pseudo.size === 0,
    isTooLarge: listBytes > MAX_HEADER_LIST_BYTES,
    method,
    path,
    isGrpc: method === 'POST' && GRPC_TYPE.test(known['content-type'] ?? ''),
    encoding: known['grpc-encoding'],
    timeoutMs: timeout === undefined ? undefined : (readTimeout(timeout) ?? Number.NaN),
    contentLength: contentLength === undefined ? undefined : Number(contentLength),
    metadata: () => readMetadata(fields, pseudo.get(':authority')),
  };
}

const PSEUDO_FIELDS: ReadonlySet<string> = new Set([':method', ':scheme', ':path', ':authority']);
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'grpc-encoding',
  'grpc-timeout',
]);

function readMetadata(
  fields: readonly HeaderField[],
  authority: string | undefined,
): ReadonlyMap<string, readonly string[]> {
  const metadata = new Map<string, string[]>();
  for (const { name, value } of fields) {
    if (name.startsWith(':') || name.startsWith('grpc-') || TRANSPORT_FIELDS.has(name)) continue;
    const values = metadata.get(name);
    if (values === undefined) metadata.set(name, [value]);
    else values.push(value);
  }
  const host = authority ?? fields.find(({ name }) => name === 'host')?.value;
  if (host !== undefined) metadata.set('host', [host]);
  return metadata;
}

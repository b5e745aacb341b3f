/**
 * The header blocks of requests on one connection. Calls to one path with the same metadata have the same block: the first
 * brings what is in it into the server's table, the second is made of what is there, and all that follow are the
 * second again.
 */
import { ACCEPT_ENCODING, encodingName } from '../encoding.ts';
import { HpackEncoder, type OutgoingField } from '../hpack/encoder.ts';
import { HeaderField } from '../hpack/header-field.ts';
import { plain } from '../status-fields.ts';
import { writeTimeout } from '../timeout-field.ts';
import type { UnaryCall } from '../transport.ts';

/** So many blocks are kept. */
const MAX_KNOWN = 64;

interface KnownBlock {
  readonly path: string;
  readonly timeoutMs: number | undefined;
  readonly encoding: UnaryCall['encoding'];
  readonly metadata: UnaryCall['metadata'];
  readonly generation: number;
  readonly block: Buffer;
  readonly listBytes: number;
}

/** A header block, and the size of its fields as SETTINGS_MAX_HEADER_LIST_SIZE counts them. */
export interface RequestBlock {
  readonly block: Buffer;
  readonly listBytes: number;
}

export class RequestBlocks {
  readonly encoder = new HpackEncoder();
  readonly #common: readonly OutgoingField[];
  readonly #known = new Map<string, KnownBlock>();
  /** That of the last call, which the next one mostly has too. */
  #last: KnownBlock | undefined;

  constructor(origin: { readonly scheme: string; readonly authority: string; readonly userAgent: string }) {
    this.#common = [
      indexed(':scheme', origin.scheme),
      indexed(':authority', origin.authority),
      indexed('content-type', 'application/grpc'),
      indexed('te', 'trailers'),
      indexed('user-agent', origin.userAgent),
      indexed('grpc-accept-encoding', ACCEPT_ENCODING),
    ];
  }

  blockOf(call: UnaryCall): RequestBlock {
    const { encoding, metadata, path } = call;
    const timeoutMs = call.announcedTimeoutMs ?? call.timeoutMs;
    const last = this.#last;
    const isLast =
      last?.path === path &&
      last.timeoutMs === timeoutMs &&
      last.encoding === encoding &&
      last.metadata === metadata &&
      last.generation === this.encoder.generation;
    if (isLast) return last;
    const timeout = timeoutMs === undefined ? '' : writeTimeout(timeoutMs);
    const key = `${encoding ?? ''} ${timeout} ${path}`;
    const known = this.#known.get(key);
    if (known?.generation === this.encoder.generation && known.metadata === metadata) {
      this.#last = known;
      return known;
    }
    const fields = [
      indexed(':method', 'POST'),
      indexed(':path', path),
      ...this.#common,
      ...(encoding === undefined ? [] : [indexed('grpc-encoding', encodingName(encoding))]),
      ...(timeout === '' ? [] : [plain('grpc-timeout', timeout)]),
      ...metadataFields(metadata),
    ].sort(pseudoFirst);
    const { generation } = this.encoder;
    const made = { block: this.encoder.encode(fields), listBytes: sizeOf(fields) };
    if (this.encoder.generation === generation) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(key, { ...made, path, timeoutMs, encoding, metadata, generation });
    }
    return made;
  }
}

function indexed(name: string, value: string): OutgoingField {
  return { name, value, indexing: 'indexed' };
}

/** What callers send may be secret: it enters no table. Text is sent as its UTF-8. */
function metadataFields(metadata: UnaryCall['metadata']): readonly OutgoingField[] {
  return Object.entries(metadata ?? {}).flatMap(([name, values]) =>
    (typeof values === 'string' ? [values] : values).map((value): OutgoingField => {
      return { name, value: Buffer.from(value).toString('latin1'), indexing: 'secret' };
    }),
  );
}

function pseudoFirst(a: OutgoingField, b: OutgoingField): number {
  return Number(b.name.startsWith(':')) - Number(a.name.startsWith(':'));
}

function sizeOf(fields: readonly OutgoingField[]): number {
  return fields.reduce((sum, { name, value }) => sum + new HeaderField(name, value).size, 0);
}

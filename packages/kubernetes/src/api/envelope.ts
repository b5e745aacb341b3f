/**
 * The envelope that the API server puts around every protobuf object
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding):
 *
 *     envelope := "k8s" 0x00, then runtime.Unknown
 *     Unknown  := 1: TypeMeta, 2: bytes raw, 3: string contentEncoding, 4: string contentType
 *     TypeMeta := 1: string apiVersion, 2: string kind
 */
import { FieldReader, MalformedError } from '../wire/field-reader.ts';

/** The bytes before every object. */
export const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** The fields of `runtime.Unknown`. */
export const UNKNOWN = { typeMeta: 1, raw: 2 } as const;

const TYPE_META_KIND = 2;

/** What an envelope holds. */
export interface Envelope {
  /** `Pod`, `Status` … */
  readonly kind: string;
  /** The object's message. */
  readonly object: Buffer;
}

const reader = new FieldReader();

/** Opens the envelope that is `bytes` from `start` to `end`. */
export function openEnvelope(bytes: Buffer, start: number, end: number): Envelope {
  if (!startsWithMagic(bytes, start, end)) throw new MalformedError('an object does not begin with "k8s"');
  let kind = '';
  let object = bytes.subarray(end, end);
  reader.begin(bytes, start + MAGIC.length);
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === UNKNOWN.typeMeta) kind = readTypeMeta(reader.enter(end));
    else if (field === UNKNOWN.raw) {
      const rawEnd = reader.enter(end);
      object = bytes.subarray(reader.position, rawEnd);
      reader.position = rawEnd;
    } else reader.skip(end);
  }
  return { kind, object };
}

/** Whether an envelope begins here. */
export function startsWithMagic(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < MAGIC.length) return false;
  // Byte by byte: a call into native code for four bytes costs more.
  for (let at = 0; at < MAGIC.length; at++) if (bytes[start + at] !== MAGIC[at]) return false;
  return true;
}

/** The `kind` of the TypeMeta that is `bytes` from `start` to `end`. */
export function readKind(bytes: Buffer, start: number, end: number): string {
  reader.begin(bytes, start);
  return readTypeMeta(end);
}

function readTypeMeta(end: number): string {
  let kind = '';
  for (let field = reader.field(end); field !== 0; field = reader.field(end)) {
    if (field === TYPE_META_KIND) kind = reader.anyText(end);
    else reader.skip(end);
  }
  return kind;
}

/**
 * Compresses the pieces of an encoded request, and takes over what is compressed already.
 *
 * A piece that is a whole content that came compressed in the same way goes on in the form that it came in, so a batch
 * that nobody changed costs nothing, and one that was merged of several is their gzip members or zstd frames, one
 * after the other (RFC 1952 section 2.2, RFC 8878 section 3.1), with what was changed or is small compressed anew in
 * between. A piece that is the end of such a content, behind attributes that were added to its resource, keeps the form but for
 * its beginning (splice).
 */
import { addedAttributes } from '../otlp/added-attributes.ts';
import { type CompressedForm, cutAtFrames, formOf, formThatEndsWith } from './compressed-form.ts';
import { type CompressionType, compress } from './compression.ts';
import { exchangeHead } from './splice/exchange-head.ts';

/** How requests are compressed. */
export interface RequestCompression {
  readonly type: CompressionType;
  /** As for `compress`; of what is compressed here. */
  readonly level: number | undefined;
  /** Whether a request may be several gzip members or zstd frames: not every decoder reads on after the first. */
  readonly concatenates: boolean;
}

/** Compresses the pieces of a request. Gives pieces that belong one after the other; large ones take a promise. */
export function compressRequest(
  compression: RequestCompression,
  chunks: readonly Uint8Array[],
): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
  const { type, concatenates } = compression;
  if (chunks.length === 2) {
    const spliced = splice(type, chunks[0]!, chunks[1]!);
    if (spliced !== undefined) return [spliced];
  }
  return concatenates && (type === 'gzip' || type === 'zstd')
    ? compressApart(compression, chunks)
    : whole(compress(type, compression.level, chunks));
}

function whole(compressed: Uint8Array | Promise<Uint8Array>): readonly Uint8Array[] | Promise<Uint8Array[]> {
  return compressed instanceof Promise ? compressed.then((bytes) => [bytes]) : [compressed];
}

/** What came compressed goes as it came; what is between is compressed by itself. */
function compressApart(
  { type, level }: RequestCompression,
  chunks: readonly Uint8Array[],
): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
  const pieces: (Uint8Array | Promise<Uint8Array>)[] = [];
  let rest: Uint8Array[] = [];
  const take = (form: Uint8Array): void => {
    if (rest.length > 0) pieces.push(compress(type, level, rest));
    rest = [];
    pieces.push(form);
  };
  for (const chunk of chunks.flatMap((range) => cutAtFrames(type, range))) {
    const form = formOf(type, chunk, true);
    if (form !== undefined) {
      take(form);
      continue;
    }
    const spliced = rest.length === 0 ? undefined : splice(type, rest.at(-1)!, chunk);
    if (spliced === undefined) {
      rest.push(chunk);
      continue;
    }
    rest.pop();
    take(spliced);
  }
  if (rest.length > 0) pieces.push(compress(type, level, rest));
  return pieces.some((piece) => piece instanceof Promise)
    ? Promise.all(pieces)
    : (pieces as readonly Uint8Array[]);
}

/** The form of a request of which `chunk` is the end, and `head` the new beginning. */
function splice(type: CompressionType, head: Uint8Array, chunk: Uint8Array): Uint8Array | undefined {
  const form: CompressedForm | undefined = formThatEndsWith(type, chunk);
  if (form === undefined) return undefined;
  const change = addedAttributes(form.content, chunk.byteOffset - form.content.byteOffset, head);
  return change === undefined ? undefined : exchangeHead(form, change);
}

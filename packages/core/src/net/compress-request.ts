/**
 * Compresses the pieces of an encoded request, and takes over what is compressed already.
 *
 * A piece that is a whole content that came compressed in the same way goes on in the form that it came in, so a batch
 * that nobody changed costs nothing, and one that was merged of several is their gzip members or zstd frames, one
 * after the other (RFC 1952 section 2.2, RFC 8878 section 3.1), with what was changed or is small compressed anew in
 * between. A piece that is the end of such a content, behind attributes that were added to its resource, keeps the form with
 * something in front (splice).
 */
import { addedAttributes } from '../otlp/added-attributes.ts';
import { cutAtFrames, formOf, formThatEndsWith, framesIn } from './compressed-form.ts';
import { COMPRESS_IN_PLACE_BYTES, type CompressionType, compress } from './compression.ts';
import { putInFront } from './splice/put-in-front.ts';
import { MAX_FRAMES } from './zstd-frames.ts';

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
    if (spliced !== undefined) return spliced;
  }
  return concatenates && (type === 'gzip' || type === 'zstd')
    ? compressApart(compression, chunks)
    : whole(compress(type, compression.level, chunks));
}

function whole(compressed: Uint8Array | Promise<Uint8Array>): readonly Uint8Array[] | Promise<Uint8Array[]> {
  return compressed instanceof Promise ? compressed.then((bytes) => [bytes]) : [compressed];
}

/** The form of a request of which `chunk` is the end, and `head` the new beginning. */
function splice(
  type: CompressionType,
  head: Uint8Array,
  chunk: Uint8Array,
): readonly Uint8Array[] | undefined {
  const form = formThatEndsWith(type, chunk);
  if (form === undefined) return undefined;
  const prefix = addedAttributes(form.content, chunk.byteOffset - form.content.byteOffset, head);
  return prefix === undefined ? undefined : putInFront(prefix, form);
}

/** What came compressed goes as it came; what is between is compressed by itself. */
function compressApart(
  compression: RequestCompression,
  chunks: readonly Uint8Array[],
): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
  const { type } = compression;
  const pieces = new Pieces(compression);
  let rest: Uint8Array[] = [];
  const take = (form: readonly Uint8Array[], frames: number): void => {
    pieces.compress(rest);
    rest = [];
    pieces.add(form, frames);
  };
  for (const chunk of chunks.flatMap((range) => cutAtFrames(type, range))) {
    const frames = framesIn(chunk);
    const form = pieces.hasRoomFor(frames) ? formOf(type, chunk, true) : undefined;
    if (form !== undefined) {
      take([form], frames);
      continue;
    }
    const isSplit = rest.length > 0 && pieces.hasRoomFor(1);
    const spliced = isSplit ? splice(type, rest.at(-1)!, chunk) : undefined;
    if (spliced === undefined) {
      rest.push(chunk);
      continue;
    }
    rest.pop();
    take(spliced, 1);
  }
  pieces.compress(rest);
  return pieces.all();
}

/**
 * The compressed pieces of a request. What all of them take of the event loop is bounded as for a request in one piece: what
 * is beyond that is compressed in the pool.
 */
class Pieces {
  readonly #compression: RequestCompression;
  readonly #pieces: (Uint8Array | Promise<Uint8Array>)[] = [];
  /** How many more bytes may be compressed in place. */
  #compressRoom: number;
  #frames = 0;

  constructor(compression: RequestCompression) {
    this.#compression = compression;
    this.#compressRoom = COMPRESS_IN_PLACE_BYTES[compression.type];
  }

  /** Whether so many frames, and what is compressed before and after them, are not more than a reader takes. */
  hasRoomFor(frames: number): boolean {
    return this.#frames + 1 + frames + 1 <= MAX_FRAMES;
  }

  /** Adds what is compressed already. */
  add(form: readonly Uint8Array[], frames: number): void {
    this.#pieces.push(...form);
    this.#frames += frames;
  }

  /** Compresses chunks as one piece, if there are any. */
  compress(chunks: readonly Uint8Array[]): void {
    if (chunks.length === 0) return;
    const { type, level } = this.#compression;
    const compressed = compress(type, level, chunks, this.#compressRoom);
    if (!(compressed instanceof Promise)) {
      this.#compressRoom -= chunks.reduce((sum, { length }) => sum + length, 0);
    }
    this.#pieces.push(compressed);
    this.#frames += 1;
  }

  all(): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
    return this.#pieces.some((piece) => piece instanceof Promise)
      ? Promise.all(this.#pieces)
      : (this.#pieces as readonly Uint8Array[]);
  }
}

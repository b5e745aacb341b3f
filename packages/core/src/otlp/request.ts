/**
 * The request of a batch in its two forms: the bytes that it is written as, and a tree that can be read and edited. Each is
 * made from the other when it is asked for.
 *
 * A tree of a thousand edited records is half a megabyte of small objects. Once it has been written it is let go, so that
 * it does not live on, and is not moved about by the garbage collector, while its bytes wait for the backend's answer: with
 * eight requests under way, that was a third of the CPU time of an edit of every record.
 */
import type { Signal } from '../component/signal.ts';
import { formBytesOf } from '../net/compressed-form.ts';
import type { Attributes } from './attributes.ts';
import { cloneParts } from './clone.ts';
import { countItems, LEVEL } from './count.ts';
import { bodySize, type Encoding, encodeBytes, encodeChunks } from './encode.ts';
import { editItemBytes, editItems, type ItemVisitor } from './item-edits.ts';
import { Memory, NO_MEMORY } from './memory.ts';
import { become, type Part, RequestNode, type TreeOwner } from './message.ts';
import { asBuffer } from './wire.ts';

/** A tree that is written in so few ranges is kept: making another costs more than it takes. */
const SMALL_TREE_RANGES = 32;

/** See the head of this file. */
export class OtlpRequest implements TreeOwner {
  readonly #isMetrics: boolean;
  #tree: RequestNode | undefined;
  /** The encoded forms; of the tree as it was when they were made. */
  #bytes: Uint8Array | undefined;
  #chunks: readonly Uint8Array[] | undefined;
  /** How many items there are; counts only without a tree. -1 until they are counted. */
  #items = -1;
  /** True once another request has taken its place. */
  #isSuperseded = false;

  private constructor(isMetrics: boolean) {
    this.#isMetrics = isMetrics;
  }

  /** A request as it came; `items` is -1 where it is not known. */
  static ofBytes(isMetrics: boolean, bytes: Uint8Array, items: number): OtlpRequest {
    const request = new OtlpRequest(isMetrics);
    request.#bytes = bytes;
    request.#items = items;
    return request;
  }

  /** The same in pieces. */
  static ofPieces(isMetrics: boolean, pieces: readonly Uint8Array[], items: number): OtlpRequest {
    const [first] = pieces;
    if (first !== undefined && pieces.length === 1) return OtlpRequest.ofBytes(isMetrics, first, items);
    const request = new OtlpRequest(isMetrics);
    request.#chunks = pieces;
    request.#items = items;
    return request;
  }

  /** A request that was put together; the tree becomes its own. */
  static ofTree(isMetrics: boolean, tree: RequestNode): OtlpRequest {
    const request = new OtlpRequest(isMetrics);
    request.#tree = tree;
    return request;
  }

  /** The tree, for reading and editing. */
  get tree(): RequestNode {
    if (this.#tree !== undefined) return this.#tree;
    const memory = new Memory(asBuffer(this.bytes));
    const tree = new RequestNode(memory, memory.bytes.length);
    tree.items = this.#items;
    this.#tree = tree;
    return tree;
  }

  /** How many items there are, edits included. */
  get items(): number {
    if (this.#tree === undefined && this.#items >= 0) return this.#items;
    return countItems(this.tree, LEVEL.request, this.#isMetrics);
  }

  /** The size in bytes, edits included. */
  get size(): number {
    this.#forgetStale();
    if (this.#bytes !== undefined) return this.#bytes.length;
    if (this.#chunks !== undefined) return this.#chunks.reduce((size, chunk) => size + chunk.length, 0);
    return bodySize(this.tree);
  }

  /** The size of the compressed forms that the request's bytes came in and that are held with them. */
  get compressedSize(): number {
    const pieces = this.#bytes === undefined ? this.#chunks : [this.#bytes];
    const memories = pieces?.map(({ buffer }) => buffer) ?? this.tree.parts?.map(({ bytes }) => bytes.buffer);
    return formBytesOf(new Set(memories));
  }

  /** The encoded request in one piece; what came in where nothing was edited. */
  get bytes(): Uint8Array {
    this.#forgetStale();
    this.#bytes ??= this.#chunks === undefined ? this.#encode(encodeBytes)[0]! : joined(this.#chunks);
    return this.#bytes;
  }

  /** The encoded request in pieces. */
  get chunks(): readonly Uint8Array[] {
    this.#forgetStale();
    this.#chunks ??= this.#bytes === undefined ? this.#encode(encodeChunks) : [this.#bytes];
    return this.#chunks;
  }

  /** A request of its own over the same bytes, with the edits made so far. */
  clone(): OtlpRequest {
    this.#forgetStale();
    const copy = new OtlpRequest(this.#isMetrics);
    copy.#bytes = this.#bytes;
    copy.#chunks = this.#chunks;
    copy.#items = this.#tree === undefined ? this.#items : this.#tree.items;
    if (this.#tree?.isDirty) {
      const parts: Part[] = [];
      copy.#tree = new RequestNode(NO_MEMORY, 0);
      become(copy.#tree, parts, copy.#items);
      copy.#tree.size = this.#tree.size;
      cloneParts(this.#tree, copy.#tree, parts);
    }
    return copy;
  }

  /**
   * The request after an edit of the attributes of every item (item-edits.ts); itself if nothing changed. Views of this
   * one can no longer be edited then.
   */
  withItemsEdited(signal: Signal, edit: (attributes: Attributes) => void): OtlpRequest {
    return this.#editedAs(editItems(signal, new Memory(asBuffer(this.bytes)), edit));
  }

  /** The same after an edit of the bytes of every item. */
  withItemBytesEdited(signal: Signal, visitor: ItemVisitor): OtlpRequest {
    return this.#editedAs(editItemBytes(signal, new Memory(asBuffer(this.bytes)), visitor));
  }

  #editedAs(chunks: readonly Uint8Array[] | undefined): OtlpRequest {
    if (chunks === undefined) return this;
    const edited = new OtlpRequest(this.#isMetrics);
    edited.#chunks = chunks;
    edited.#items = this.#tree === undefined ? this.#items : this.#tree.items;
    if (this.#tree !== undefined) this.#tree.owner = this;
    this.#isSuperseded = true;
    return edited;
  }

  /** A view that is older than the encoding was edited after it: the tree counts again. */
  takeBack(tree: RequestNode): void {
    if (this.#tree !== undefined || this.#isSuperseded) {
      throw new TypeError(
        'Batch: a view was edited that is older than the last encoding of the batch, which was opened again or edited since. ' +
          'Take views anew after toBytes, toChunks or editItemAttributes.',
      );
    }
    tree.owner = undefined;
    this.#tree = tree;
  }

  #encode(encode: (tree: RequestNode) => Encoding): readonly Uint8Array[] {
    const tree = this.tree;
    const { chunks, ranges } = encode(tree);
    if (ranges > SMALL_TREE_RANGES) {
      this.#items = this.items;
      this.#tree = undefined;
      tree.owner = this;
    }
    return chunks;
  }

  /** Asked for before anything else: an edit resets the size of the tree. */
  #forgetStale(): void {
    if (this.#tree === undefined || !this.#tree.isDirty || this.#tree.size >= 0) return;
    this.#bytes = undefined;
    this.#chunks = undefined;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const { buffer, byteOffset, length } = Buffer.concat(chunks);
  return new Uint8Array(buffer, byteOffset, length);
}

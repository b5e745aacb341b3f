import type { Signal } from '../component/signal.ts';
import type { Attributes } from './attributes.ts';
import { type BatchMeta, NO_META } from './batch-meta.ts';
import { checkRequest } from './check.ts';
import { ResourceGroup, type TelemetryRecord } from './groups.ts';
import type { ItemVisitor } from './item-edits.ts';
import { jsonToProto } from './json/json-to-proto.ts';
import { protoToJson } from './json/proto-to-json.ts';
import { Malformed, malformedError } from './malformed.ts';
import { mergeNodes } from './merge.ts';
import { openRepeated } from './open.ts';
import { OtlpRequest } from './request.ts';
import { TRACES_REQUEST } from './schema.ts';
import { type SplitLimits, splitNode } from './split.ts';
import { asBuffer } from './wire.ts';

/**
 * Telemetry of one signal, as the bytes of an OTLP request. What nobody reads is not decoded; edits are kept beside the
 * bytes, which are never changed, until `toBytes` or `toChunks` asks for them. Batches, their forks and merges share
 * bytes.
 *
 * Views (`ResourceGroup`, `Span` …) hold no data: all views of a message see every edit of it, and of a dropped one they
 * can still be read and edited, to no effect. Views that are older than an encoding of the batch can be edited until the
 * batch is opened anew; then that is an error.
 */
export class Batch {
  readonly signal: Signal;
  /** Where the batch came from; after a merge what the merge was given, else empty. */
  readonly meta: BatchMeta;
  #request: OtlpRequest;
  #isShared = false;

  private constructor(signal: Signal, meta: BatchMeta, request: OtlpRequest) {
    this.signal = signal;
    this.meta = meta;
    this.#request = request;
  }

  /**
   * Takes a request from outside, after the edge check (check.ts). The batch keeps `bytes`, which may be in pieces; nobody
   * may write to them any more. Pieces are joined when somebody edits the batch or asks for its bytes in one.
   *
   * @throws PermanentError OTLP_MALFORMED with the offset, where that is, and what was expected
   */
  static decode(signal: Signal, bytes: Uint8Array | readonly Uint8Array[], meta: BatchMeta = NO_META): Batch {
    const pieces = bytes instanceof Uint8Array ? [bytes] : bytes;
    // Not by map, whose arrays V8 takes for another kind once it has compiled this: the check would be compiled twice.
    const buffers: Buffer[] = [];
    for (const piece of pieces) buffers.push(asBuffer(piece));
    let items: number;
    try {
      items = checkRequest(signal, buffers);
    } catch (error) {
      throw error instanceof Malformed ? malformedError(signal, Buffer.concat(buffers), error) : error;
    }
    return new Batch(signal, meta, OtlpRequest.ofPieces(signal === 'metrics', pieces, items));
  }

  /**
   * Takes a request that is known to be good, without a check: from our own writers, from `toBytes`. Its items are counted
   * when somebody asks for their number, unless `items` tells it.
   */
  static trusted(signal: Signal, bytes: Uint8Array, meta: BatchMeta = NO_META, items = -1): Batch {
    return new Batch(signal, meta, OtlpRequest.ofBytes(signal === 'metrics', bytes, items));
  }

  /**
   * Takes a request in OTLP/JSON from outside.
   *
   * @throws PermanentError OTLP_MALFORMED with the offset, where that is, and what was expected
   */
  static decodeJson(signal: Signal, bytes: Uint8Array, meta: BatchMeta = NO_META): Batch {
    return Batch.trusted(signal, jsonToProto(signal, bytes), meta);
  }

  /**
   * One batch of all, in their order; its meta is empty unless one is given. Nothing is decoded or joined: requests may
   * be appended to one another. The batches given stay as they are.
   *
   * @throws TypeError without a batch, or if their signals differ
   */
  static merge(batches: readonly Batch[], meta: BatchMeta = NO_META): Batch {
    const signal = batches[0]?.signal;
    if (signal === undefined || batches.some((batch) => batch.signal !== signal)) {
      throw new TypeError('Batch.merge: batches must be of one signal, and at least one.');
    }
    if (batches.length === 1) return batches[0]!.#share(meta);
    const merged = mergeNodes(batches.map((batch) => batch.#request.tree));
    return new Batch(signal, meta, OtlpRequest.ofTree(signal === 'metrics', merged));
  }

  /** How many spans, data points or log records there are, edits included. */
  get itemCount(): number {
    return this.#request.items;
  }

  /** The size of the request after the edits. */
  get byteLength(): number {
    return this.#request.size;
  }

  /** What is held beside the bytes of the request: the compressed forms that they came in, in bytes. */
  get compressedByteLength(): number {
    return this.#request.compressedSize;
  }

  get isEmpty(): boolean {
    return this.itemCount === 0;
  }

  /** True if a fork, or a merge with nothing else, has the same bytes. */
  get isShared(): boolean {
    return this.#isShared;
  }

  resources(): readonly ResourceGroup[] {
    return openRepeated(this.#request.tree, TRACES_REQUEST.resourceSpans.number).map(
      (node) => new ResourceGroup(this.signal, node),
    );
  }

  /** The records of all groups: spans, metrics or log records. */
  records(): readonly TelemetryRecord[] {
    return this.resources().flatMap((group) => group.records());
  }

  /**
   * Edits the attributes of every item, spans, data points or log records, in one pass: cheaper than by way of `records()`,
   * by a third for a small item. What `edit` is given is of use only until it returns. Views that were taken before can no longer be
   * edited if this changed anything.
   */
  editItemAttributes(edit: (attributes: Attributes) => void): void {
    this.#request = this.#request.withItemsEdited(this.signal, edit);
  }

  /**
   * Shows the bytes of every item, spans, data points or log records, to one who reads them itself and appends what it
   * encoded before: the cheapest edit that there is. The attributes may be edited too. For the rest as `editItemAttributes`.
   */
  editItemBytes(visitor: ItemVisitor): void {
    this.#request = this.#request.withItemBytesEdited(this.signal, visitor);
  }

  /** A batch of its own over the same bytes: the edits made so far are in both, later ones only where they are made. */
  fork(): Batch {
    return this.#share(this.meta);
  }

  /**
   * Cuts the batch at item boundaries, also between the data points of one metric, into batches within the limits, each
   * with its own copy of the resources, scopes and metric headers that it needs. Gives the batch itself where it is
   * within them. A single item that is larger than `maxBytes` stands alone.
   */
  split(limits: SplitLimits): Batch[] {
    const { maxItems = 0, maxBytes = 0 } = limits;
    if ((maxItems < 1 || this.itemCount <= maxItems) && (maxBytes < 1 || this.byteLength <= maxBytes))
      return [this];
    const isMetrics = this.signal === 'metrics';
    const parts = splitNode(this.#request.tree, isMetrics, limits);
    return parts.map((part) => new Batch(this.signal, this.meta, OtlpRequest.ofTree(isMetrics, part)));
  }

  /** The request in one piece; the very array that came in where nothing was edited. */
  toBytes(): Uint8Array {
    return this.#request.bytes;
  }

  /** The request in pieces to be written one after the other: large ranges that nobody edited are not copied. */
  toChunks(): readonly Uint8Array[] {
    return this.#request.chunks;
  }

  /** The request as OTLP/JSON. */
  toJson(): string {
    return protoToJson(this.signal, this.toBytes());
  }

  #share(meta: BatchMeta): Batch {
    const other = new Batch(this.signal, meta, this.#request.clone());
    this.#isShared = true;
    other.#isShared = true;
    return other;
  }
}

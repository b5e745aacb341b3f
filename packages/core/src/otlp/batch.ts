import type { Signal } from '../component/signal.ts';
import { type BatchMeta, NO_META } from './batch-meta.ts';
import { checkRequest } from './check.ts';
import { cloneNode } from './clone.ts';
import { countItems, LEVEL } from './count.ts';
import { bodySize, encodeBytes, encodeChunks } from './encode.ts';
import { ResourceGroup, type TelemetryRecord } from './groups.ts';
import { jsonToProto } from './json/json-to-proto.ts';
import { protoToJson } from './json/proto-to-json.ts';
import { Malformed, malformedError } from './malformed.ts';
import { Memory } from './memory.ts';
import { mergeNodes } from './merge.ts';
import { MessageNode } from './message.ts';
import { openRepeated } from './open.ts';
import { TRACES_REQUEST } from './schema.ts';
import { type SplitLimits, splitNode } from './split.ts';
import { asBuffer } from './wire.ts';

/**
 * Telemetry of one signal, as the bytes of an OTLP request. What nobody reads is not decoded; edits are kept beside the
 * bytes, which are never changed, until `toBytes` or `toChunks` asks for them. Batches, their forks and merges share
 * bytes.
 */
export class Batch {
  readonly signal: Signal;
  /** Where the batch came from; after a merge what the merge was given, else empty. */
  readonly meta: BatchMeta;
  readonly #root: MessageNode;
  /** The array that came in, where the batch is still that. */
  readonly #source: Uint8Array | undefined;
  #encoded: Uint8Array | undefined;
  #chunks: readonly Uint8Array[] | undefined;

  private constructor(signal: Signal, meta: BatchMeta, root: MessageNode, source: Uint8Array | undefined) {
    this.signal = signal;
    this.meta = meta;
    this.#root = root;
    this.#source = source;
  }

  /**
   * Takes a request from outside, after the edge check (check.ts). The batch keeps `bytes`; nobody may write to them
   * any more.
   *
   * @throws PermanentError OTLP_MALFORMED with the offset, where that is, and what was expected
   */
  static decode(signal: Signal, bytes: Uint8Array, meta: BatchMeta = NO_META): Batch {
    const buffer = asBuffer(bytes);
    let items: number;
    try {
      items = checkRequest(signal, buffer);
    } catch (error) {
      throw error instanceof Malformed ? malformedError(signal, buffer, error) : error;
    }
    return Batch.#of(signal, bytes, buffer, meta, items);
  }

  /** Takes a request that is known to be good, without a check: from our own writers, from `toBytes`. */
  static trusted(signal: Signal, bytes: Uint8Array, meta: BatchMeta = NO_META): Batch {
    return Batch.#of(signal, bytes, asBuffer(bytes), meta, -1);
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
    if (batches.length === 1) return batches[0]!.#withMeta(meta);
    return new Batch(signal, meta, mergeNodes(batches.map((batch) => batch.#root)), undefined);
  }

  static #of(signal: Signal, bytes: Uint8Array, buffer: Buffer, meta: BatchMeta, items: number): Batch {
    const root = new MessageNode(undefined, 0, new Memory(buffer), 0, 0, buffer.length);
    root.items = items;
    return new Batch(signal, meta, root, bytes);
  }

  /** How many spans, data points or log records there are, edits included. */
  get itemCount(): number {
    return countItems(this.#root, LEVEL.request, this.signal === 'metrics');
  }

  /** The size of the request after the edits. */
  get byteLength(): number {
    return this.#size();
  }

  get isEmpty(): boolean {
    return this.itemCount === 0;
  }

  resources(): readonly ResourceGroup[] {
    return openRepeated(this.#root, TRACES_REQUEST.resourceSpans.number).map(
      (node) => new ResourceGroup(this.signal, node),
    );
  }

  /** The records of all groups: spans, metrics or log records. */
  records(): readonly TelemetryRecord[] {
    return this.resources().flatMap((group) => group.records());
  }

  /** A batch of its own over the same bytes: the edits made so far are in both, later ones only where they are made. */
  fork(): Batch {
    return this.#withMeta(this.meta);
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
    const parts = splitNode(this.#root, this.signal === 'metrics', limits);
    return parts.map((part) => new Batch(this.signal, this.meta, part, undefined));
  }

  /** The request in one piece; the very array that came in where nothing was edited. */
  toBytes(): Uint8Array {
    if (!this.#root.isDirty && this.#source !== undefined) return this.#source;
    this.#size();
    this.#encoded ??= this.#chunks?.length === 1 ? this.#chunks[0]! : encodeBytes(this.#root);
    return this.#encoded;
  }

  /** The request in pieces to be written one after the other: large ranges that nobody edited are not copied. */
  toChunks(): readonly Uint8Array[] {
    if (!this.#root.isDirty && this.#source !== undefined) return [this.#source];
    this.#size();
    this.#chunks ??= this.#encoded === undefined ? encodeChunks(this.#root) : [this.#encoded];
    return this.#chunks;
  }

  /** The request as OTLP/JSON. */
  toJson(): string {
    return protoToJson(this.signal, this.toBytes());
  }

  #withMeta(meta: BatchMeta): Batch {
    const source = this.#root.isDirty ? undefined : this.#source;
    return new Batch(this.signal, meta, cloneNode(this.#root, undefined), source);
  }

  /** Asked for before what was encoded is used again: an edit since then resets the size of the root. */
  #size(): number {
    if (this.#root.size < 0) {
      this.#encoded = undefined;
      this.#chunks = undefined;
    }
    return bodySize(this.#root);
  }
}

import type { Signal } from '../../component/signal.ts';
import { PermanentError } from '../../errors.ts';
import { Batch } from '../batch.ts';
import type { BatchMeta } from '../batch-meta.ts';
import { RESOURCE, RESOURCE_SPANS, SCOPE, SCOPE_SPANS } from '../schema.ts';
import { type AttributesInput, AttributeWriter, writeAttributes } from './attribute-writer.ts';
import { Envelope } from './envelope.ts';
import { MAX_WRITER_BYTES, WireOutput } from './output.ts';

/** What a writer can be told. */
export interface WriterOptions {
  /** The most bytes that it holds before `finish`: 64 MiB by default. */
  readonly maxBytes?: number;
}

/** What describes a scope beside its name and version. */
export interface ScopeInput {
  readonly attributes?: AttributesInput;
  readonly droppedAttributesCount?: number;
  readonly schemaUrl?: string;
}

/** What describes a resource beside its attributes. */
export interface ResourceInput {
  readonly droppedAttributesCount?: number;
  readonly schemaUrl?: string;
}

/** The tag of a repeated KeyValue field, whose number is below 16. */
export function attributesTag(field: { readonly number: number }): number {
  return (field.number << 3) | 2;
}

/**
 * What the writers of the three signals have in common. A writer builds one request at a time, record after record, under
 * the resource and scope last set, and begins anew after `finish`. Its buffer grows as needed, up to a maximum, and is
 * used again. A record that was begun and not ended, be it that writing it threw, is left out.
 */
export abstract class SignalWriter extends AttributeWriter {
  readonly #signal: Signal;
  readonly #envelope: Envelope;
  /** Where the record that is open starts, or -1. */
  #recordStart = -1;
  #headStart = 0;
  #itemCount = 0;

  constructor(signal: Signal, options: WriterOptions = {}) {
    const out = new WireOutput(options.maxBytes ?? MAX_WRITER_BYTES);
    super(out);
    this.#signal = signal;
    this.#envelope = new Envelope(out);
  }

  /** How many spans, data points or log records have been written. */
  get itemCount(): number {
    return this.#itemCount;
  }

  /** How large the request would be, in bytes. */
  get byteLength(): number {
    return this.#envelope.size;
  }

  /** Sets the resource of the records that follow, and takes back the scope. */
  resource(attributes: AttributesInput, input: ResourceInput = {}): void {
    this.#writeHead((out) => {
      const body = out.open(RESOURCE_SPANS.resource.number, 2);
      writeAttributes(out, attributesTag(RESOURCE.attributes), attributes);
      out.varintField(RESOURCE.droppedAttributesCount.number, input.droppedAttributesCount ?? 0);
      out.close(body, 2);
      out.stringField(RESOURCE_SPANS.schemaUrl.number, input.schemaUrl ?? '');
    });
    this.#envelope.beginResource(this.#headStart);
  }

  /** Sets the scope of the records that follow. */
  scope(name: string, version = '', input: ScopeInput = {}): void {
    this.#writeHead((out) => {
      const body = out.open(SCOPE_SPANS.scope.number, 1);
      out.stringField(SCOPE.name.number, name);
      out.stringField(SCOPE.version.number, version);
      writeAttributes(out, attributesTag(SCOPE.attributes), input.attributes ?? {});
      out.varintField(SCOPE.droppedAttributesCount.number, input.droppedAttributesCount ?? 0);
      out.close(body, 1);
      out.stringField(SCOPE_SPANS.schemaUrl.number, input.schemaUrl ?? '');
    });
    this.#envelope.beginScope(this.#headStart);
  }

  /** The batch of all that was written, or undefined if that is nothing; the writer is empty again. */
  finish(meta?: BatchMeta): Batch | undefined {
    this.#dropOpenRecord();
    const request = this.#envelope.assemble();
    const items = this.#itemCount;
    this.#envelope.reset();
    this.#itemCount = 0;
    this.out.reset();
    return request.length === 0 ? undefined : Batch.trusted(this.#signal, request, meta, items);
  }

  /** Whether a record has been begun and not ended. */
  protected get isRecordOpen(): boolean {
    return this.#recordStart >= 0;
  }

  /** Opens a record, leaving room for its length. */
  protected openRecord(): void {
    this.#dropOpenRecord();
    this.#envelope.beginRecord();
    this.#recordStart = this.out.length;
    this.out.open(SCOPE_SPANS.spans.number, RECORD_LENGTH_BYTES);
  }

  /** Ends the record that is open; `items` is how many it counts as. */
  protected closeRecord(items: number): void {
    if (this.#recordStart < 0) throw new Error('OTLP writer: a record was ended that was not begun.');
    this.out.close(this.#recordStart + 1 + RECORD_LENGTH_BYTES, RECORD_LENGTH_BYTES);
    this.#recordStart = -1;
    this.attributeTag = 0;
    this.#itemCount += items;
    this.#envelope.endRecord();
  }

  /** Writes a resource or scope, or nothing if that throws. */
  #writeHead(write: (out: WireOutput) => void): void {
    this.#dropOpenRecord();
    this.#headStart = this.out.length;
    try {
      write(this.out);
    } catch (error) {
      this.out.length = this.#headStart;
      throw error;
    }
  }

  #dropOpenRecord(): void {
    if (this.#recordStart < 0) return;
    this.out.length = this.#recordStart;
    this.#recordStart = -1;
    this.attributeTag = 0;
  }
}

/** Spans and log records mostly have 128 to 16,383 bytes. */
const RECORD_LENGTH_BYTES = 2;

/**
 * Writes an id, whose length receivers insist on; nothing where it is absent or empty.
 *
 * @throws PermanentError OTLP_UNWRITABLE if the length is another.
 */
export function writeId(
  out: WireOutput,
  field: { readonly number: number; readonly type: string },
  id: Uint8Array | undefined,
): void {
  if (id === undefined || id.length === 0) return;
  const size = field.type === 'traceId' ? 16 : 8;
  if (id.length !== size) {
    throw new PermanentError(
      'OTLP_UNWRITABLE',
      `OTLP writer: a ${field.type} has ${size} bytes (found ${id.length}). Leave it out where there is none.`,
    );
  }
  out.bytesField(field.number, id);
}

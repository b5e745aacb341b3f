import { RPC_CODES, type RpcStatus } from '@tributary/core';
import { decompressMessage } from '../encoding.ts';
import { GrpcError } from '../grpc-error.ts';
import { DEFAULT_MAX_FRAME_BYTES, ERROR_CODE } from '../http2/protocol.ts';
import { Http2Stream } from '../http2/stream.ts';
import { MessageReader } from '../message-reader.ts';
import type { RefusalReason, UnaryHandler } from '../transport.ts';
import { type AnswerContext, sendAnswer, sendHttpAnswer, sendStatus } from './call-answer.ts';
import { cutOffRequest, noMemory, tooLargeMetadata, unreadableTimeout } from './call-errors.ts';
import { Request } from './request.ts';
import type { RequestHead } from './request-head.ts';
import type { Holder, ServerMemory } from './server-memory.ts';

/** What the calls of a connection have in common. */
export interface CallContext extends AnswerContext {
  readonly methods: ReadonlyMap<string, UnaryHandler>;
  readonly maxReceiveBytes: number;
  readonly memory: ServerMemory;
  readonly peerAddress: string;
  readonly onRefused: (reason: RefusalReason) => void;
  readonly onAnswerLost: () => void;
  /** A handler is at work from the first call to the second, also when its stream has ended meanwhile. */
  onHandlerBegin(): void;
  onHandlerEnd(): void;
}

/** One request, from its header block to its answer. */
export class ServerCall extends Http2Stream<RequestHead> implements Holder {
  readonly #context: CallContext;
  readonly #head: RequestHead;
  readonly #reader: MessageReader;
  readonly #startMs: number;
  #handler: UnaryHandler | undefined;
  #reservedBytes = 0;
  #dataBytes = 0;
  progressMs: number;
  previous: Holder | undefined;
  next: Holder | undefined;
  /** When answering began to be this side's business; undefined before. */
  answeringSinceMs: number | undefined;

  constructor(id: number, head: RequestHead, streamWindowBytes: number, context: CallContext) {
    super(id, context.connection.peer.initialWindowBytes, streamWindowBytes);
    this.#context = context;
    this.#head = head;
    this.#reader = new MessageReader(context.maxReceiveBytes);
    this.#startMs = context.connection.heardMs;
    this.progressMs = this.#startMs;
  }

  get wantsData(): boolean {
    // What nobody will handle is read to its end all the same.
    return this.#handler === undefined || this.#reader.needs(this.receiveWindowBytes);
  }

  /** When the call began. */
  get startMs(): number {
    return this.#startMs;
  }

  /** When the client will have given up waiting. */
  get deadlineMs(): number {
    return this.#startMs + (this.#head.timeoutMs ?? Number.POSITIVE_INFINITY);
  }

  /** Looks at the head, and refuses at once what can only be refused. */
  begin(): void {
    const head = this.#head;
    // What is no call of gRPC is answered when it has ended: HTTP's clients read no answer before.
    if (!head.isGrpc) return;
    if (head.isTooLarge) this.#refuseMessage(tooLargeMetadata(), 'too_large');
    else if (Number.isNaN(head.timeoutMs)) this.#refuseMessage(unreadableTimeout(), 'malformed');
    else {
      this.#handler = this.#context.methods.get(head.path);
      if (this.#handler === undefined) {
        const message = `the server does not implement the method ${head.path}`;
        this.#refuse({ code: RPC_CODES.UNIMPLEMENTED, message });
      }
    }
  }

  onHeaders(head: RequestHead, endStream: boolean): void {
    // RFC 9113 section 8.1: trailers end the request.
    if (head.isTrailers && endStream) return;
    this.#context.connection.reset(this, ERROR_CODE.PROTOCOL_ERROR);
    this.onReset();
  }

  onData(chunk: Buffer, start: number, end: number): void {
    this.#dataBytes += end - start;
    this.progressMs = this.#context.connection.heardMs;
    if (this.#handler === undefined) return;
    try {
      const { memory } = this.#context;
      const kept = this.#reader.push(chunk, start, end, memory.room);
      if (kept === 0 || memory.reserve(kept, this)) this.#reservedBytes += kept;
      else this.#refuseMessage(noMemory(), 'memory');
    } catch (error) {
      this.#refuseMessage(error, 'malformed');
    }
  }

  onEnd(): void {
    const { contentLength } = this.#head;
    if (contentLength !== undefined && contentLength !== this.#dataBytes) {
      this.#context.connection.reset(this, ERROR_CODE.PROTOCOL_ERROR);
      this.onReset();
      return;
    }
    this.answeringSinceMs = this.progressMs;
    if (this.#handler === undefined) {
      sendHttpAnswer(this, this.#head, this.#context);
      return;
    }
    if (!this.#reader.isWhole) {
      this.#refuseMessage(this.#reader.cutOff(), 'malformed');
      return;
    }
    const message = this.#reader.content();
    this.#drop();
    if (message.length > DEFAULT_MAX_FRAME_BYTES) this.#context.connection.takeLargeFrames();
    if (!this.#reader.isCompressed) {
      this.#handle(this.#handler, message);
      return;
    }
    this.#decompress(this.#handler, message);
  }

  onReset(): void {
    const wasReading = this.#handler !== undefined && !this.isRemoteClosed;
    this.#drop();
    if (wasReading) this.#context.onRefused('aborted');
  }

  onConnectionLost(): void {
    this.onReset();
  }

  giveUp(): void {
    this.#refuseMessage(noMemory(), 'memory');
  }

  /** Ends a call whose client sends no more, or does not take its answer. */
  stall(): void {
    if (this.isRemoteClosed) this.#loseAnswer();
    else this.#refuseMessage(cutOffRequest(), 'aborted');
  }

  /** The client waits no longer. What the handler makes of the message is its own business. */
  expire(): void {
    // An answer that has begun has no room for another status.
    if (this.outgoing !== undefined) this.#loseAnswer();
    else this.#refuse({ code: RPC_CODES.DEADLINE_EXCEEDED, message: 'the deadline of the call is over' });
  }

  #loseAnswer(): void {
    this.#context.connection.reset(this, ERROR_CODE.CANCEL);
    this.#context.onAnswerLost();
  }

  #decompress(handler: UnaryHandler, message: Uint8Array): void {
    try {
      const content = decompressMessage(message, this.#head.encoding, this.#context.maxReceiveBytes);
      if (!(content instanceof Promise)) {
        this.#handle(handler, content);
        return;
      }
      this.#context.onHandlerBegin();
      content
        .then((bytes) => {
          if (this.isOpen && !this.isLocalClosed) this.#handle(handler, bytes);
        })
        .catch((error: unknown) => this.#refuseMessage(error, 'compression'))
        .finally(() => this.#context.onHandlerEnd());
    } catch (error) {
      this.#refuseMessage(error, 'compression');
    }
  }

  #handle(handler: UnaryHandler, message: Uint8Array): void {
    const { peerAddress } = this.#context;
    let result: Uint8Array | Promise<Uint8Array>;
    try {
      result = handler(new Request(message, peerAddress, this.#head));
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!(result instanceof Promise)) {
      this.#answer(result);
      return;
    }
    this.#context.onHandlerBegin();
    result.then(this.#onAnswer, this.#onFailure);
  }

  readonly #onAnswer = (message: Uint8Array): void => {
    this.#context.onHandlerEnd();
    this.#answer(message);
  };

  readonly #onFailure = (error: unknown): void => {
    this.#context.onHandlerEnd();
    this.#fail(error);
  };

  #answer(message: Uint8Array): void {
    if (!this.isOpen || this.isLocalClosed) return;
    this.answeringSinceMs = performance.now();
    sendAnswer(this, message, this.#context);
  }

  #fail(error: unknown): void {
    this.#refuse(
      error instanceof GrpcError ? error.status : { code: RPC_CODES.INTERNAL, message: 'internal error' },
    );
  }

  /** Answers a message that the handler does not get to see. What is too large is found while it is read in some way. */
  #refuseMessage(error: unknown, reason: RefusalReason): void {
    if (!this.isOpen || this.isLocalClosed) return;
    this.#drop();
    this.#fail(error);
    const isTooLarge = error instanceof GrpcError && error.status.code === RPC_CODES.RESOURCE_EXHAUSTED;
    this.#context.onRefused(isTooLarge ? 'too_large' : reason);
  }

  #refuse(status: RpcStatus): void {
    if (!this.isOpen || this.isLocalClosed) return;
    this.#handler = undefined;
    sendStatus(this, status, this.#context);
  }

  #drop(): void {
    this.#context.memory.release(this.#reservedBytes, this);
    this.#reservedBytes = 0;
    this.#reader.clear();
  }
}

import { STATUS_CODES } from 'node:http';
import { RPC_CODES, type RpcStatus } from '@tributary/core';
import { GrpcError } from '../grpc-error.ts';
import type { Http2Connection } from '../http2/connection.ts';
import { ERROR_CODE, errorCodeName } from '../http2/protocol.ts';
import { Http2Stream } from '../http2/stream.ts';
import { MessageReader } from '../message-reader.ts';
import type { AnswerHead } from './answer-head.ts';
import type { ClientCall } from './client-call.ts';

/** https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
const HTTP_CODES: Readonly<Record<number, number>> = {
  400: RPC_CODES.INTERNAL,
  401: RPC_CODES.UNAUTHENTICATED,
  403: RPC_CODES.PERMISSION_DENIED,
  404: RPC_CODES.UNIMPLEMENTED,
  429: RPC_CODES.UNAVAILABLE,
  502: RPC_CODES.UNAVAILABLE,
  503: RPC_CODES.UNAVAILABLE,
  504: RPC_CODES.UNAVAILABLE,
};

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors */
const RESET_CODES: Readonly<Record<number, number>> = {
  [ERROR_CODE.REFUSED_STREAM]: RPC_CODES.UNAVAILABLE,
  [ERROR_CODE.CANCEL]: RPC_CODES.CANCELLED,
  [ERROR_CODE.ENHANCE_YOUR_CALM]: RPC_CODES.RESOURCE_EXHAUSTED,
  [ERROR_CODE.INADEQUATE_SECURITY]: RPC_CODES.PERMISSION_DENIED,
};

/** One attempt at a call. */
export class ClientStream extends Http2Stream<AnswerHead> {
  readonly #connection: Http2Connection<AnswerHead>;
  readonly #call: ClientCall;
  readonly #maxReceiveBytes: number;
  readonly #reader: MessageReader;
  #head: AnswerHead | undefined;
  #hasEnded = false;

  constructor(
    id: number,
    call: ClientCall,
    connection: Http2Connection<AnswerHead>,
    streamWindowBytes: number,
    maxReceiveBytes: number,
  ) {
    super(id, connection.peer.initialWindowBytes, streamWindowBytes);
    this.#connection = connection;
    this.#call = call;
    this.#maxReceiveBytes = maxReceiveBytes;
    this.#reader = new MessageReader(maxReceiveBytes);
    call.begin(this);
  }

  get wantsData(): boolean {
    return this.#reader.needs(this.receiveWindowBytes);
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    this.#connection.reset(this, ERROR_CODE.CANCEL);
  }

  onHeaders(head: AnswerHead, endStream: boolean): void {
    // RFC 9113 section 8.1: a status begins the answer, and trailers have none.
    if (!head.isValid || (this.#head === undefined) !== (head.httpStatus !== undefined)) {
      this.#giveUp(
        ERROR_CODE.PROTOCOL_ERROR,
        RPC_CODES.INTERNAL,
        'the server sent headers that are not valid',
      );
      return;
    }
    if (head.httpStatus !== undefined && head.httpStatus < 200 && !endStream) return;
    if (this.#head === undefined && !this.#isAnswer(head, endStream)) return;
    this.#head ??= head;
    if (endStream) this.#end(head);
    else if (head !== this.#head) {
      this.#giveUp(
        ERROR_CODE.PROTOCOL_ERROR,
        RPC_CODES.INTERNAL,
        'the server sent trailers that end nothing',
      );
    }
  }

  onData(chunk: Buffer, start: number, end: number): void {
    if (this.#head === undefined) {
      this.#giveUp(ERROR_CODE.PROTOCOL_ERROR, RPC_CODES.INTERNAL, 'the server sent data without headers');
      return;
    }
    try {
      this.#reader.push(chunk, start, end);
    } catch (error) {
      this.#connection.reset(this, ERROR_CODE.CANCEL);
      this.#call.fail(error as GrpcError);
    }
  }

  onEnd(): void {
    if (!this.#hasEnded) {
      this.#call.fail(own(RPC_CODES.INTERNAL, 'the answer ends without a status'));
    }
    // The server has answered without reading the whole request: nobody needs the rest.
    if (!this.isLocalClosed) this.#connection.reset(this, ERROR_CODE.NO_ERROR);
  }

  onReset(code: number, isPeers: boolean): void {
    const text = isPeers
      ? `the server reset the stream (${errorCodeName(code)})`
      : `the server broke the rules of HTTP/2 (${errorCodeName(code)})`;
    const error = own(RESET_CODES[code] ?? RPC_CODES.INTERNAL, text);
    if (isPeers && code === ERROR_CODE.REFUSED_STREAM) this.#call.retry(error);
    else this.#call.fail(error);
  }

  onConnectionLost(error: Error): void {
    this.#call.fail(own(RPC_CODES.UNAVAILABLE, `the connection broke (${error.message})`, error));
  }

  /** The server has said that it did not look at this stream. */
  onNotTaken(error: GrpcError): void {
    this.#call.retry(error);
  }

  /** Whether a head begins an answer of gRPC; what does not is the end of the call. */
  #isAnswer({ httpStatus, contentType, isGrpc, status }: AnswerHead, endStream: boolean): boolean {
    if (status !== undefined && status.code !== RPC_CODES.OK) {
      // A proxy's word for an error, whatever of HTTP is around it: HTTP's status counts only where there is none of gRPC.
      if (endStream) return true;
      this.#connection.reset(this, ERROR_CODE.CANCEL);
      this.#refuse(status);
      return false;
    }
    if (isGrpc && (httpStatus === 200 || status !== undefined)) return true;
    if (httpStatus === 200) {
      const type =
        contentType === undefined ? 'no content type' : `content type "${contentType.slice(0, 100)}"`;
      this.#giveUp(
        ERROR_CODE.CANCEL,
        RPC_CODES.UNKNOWN,
        `the answer is none of gRPC (HTTP 200 with ${type})`,
      );
      return false;
    }
    this.#connection.reset(this, ERROR_CODE.CANCEL);
    const code = HTTP_CODES[httpStatus!] ?? RPC_CODES.UNKNOWN;
    const reason = STATUS_CODES[httpStatus!];
    const message = `the server answered HTTP ${httpStatus}${reason === undefined ? '' : ` ${reason}`}`;
    this.#call.fail(new GrpcError({ code, message }));
    return false;
  }

  #end({ status }: AnswerHead): void {
    this.#hasEnded = true;
    if (status === undefined) {
      this.#call.fail(own(RPC_CODES.INTERNAL, 'the answer ends without a status'));
    } else if (status.code !== RPC_CODES.OK) {
      this.#refuse(status);
    } else if (!this.#reader.isWhole) {
      this.#call.fail(
        this.#reader.isEmpty
          ? own(RPC_CODES.INTERNAL, 'the server answered OK without a message')
          : this.#reader.cutOff(),
      );
    } else {
      const encoding = this.#reader.isCompressed ? (this.#head?.encoding ?? 'identity') : undefined;
      this.#call.finish(this.#reader.content(), encoding, this.#maxReceiveBytes);
    }
  }

  #refuse(status: RpcStatus): void {
    const isNumber = status.code > 0;
    this.#call.fail(
      isNumber ? new GrpcError(status) : own(RPC_CODES.UNKNOWN, 'the status of the answer is no number'),
    );
  }

  #giveUp(resetCode: number, code: number, message: string): void {
    this.#connection.reset(this, resetCode);
    this.#call.fail(own(code, message));
  }
}

function own(code: number, message: string, cause?: Error): GrpcError {
  return new GrpcError({ code, message }, { isOwn: true, cause });
}

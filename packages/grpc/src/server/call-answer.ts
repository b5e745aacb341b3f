/** What a call is answered with. Each function sends the whole answer of a call that has none yet. */
import { RPC_CODES, type RpcStatus } from '@tributary/core';
import { ACCEPT_ENCODING } from '../encoding.ts';
import type { Http2Connection } from '../http2/connection.ts';
import { ERROR_CODE } from '../http2/protocol.ts';
import type { Http2Stream } from '../http2/stream.ts';
import { plain } from '../status-fields.ts';
import {
  ANSWER_HEADERS,
  EMPTY_ANSWER_DATA_BYTES,
  httpBlock,
  messageHead,
  OK_TRAILERS,
  statusBlock,
  writeEmptyAnswer,
} from './answers.ts';
import type { RequestHead } from './request-head.ts';

/** What answers go by. */
export interface AnswerContext {
  readonly connection: Http2Connection<RequestHead>;
  /** Whether the next header block must say that the client's table is used no more: RFC 7541 section 4.2. */
  readonly hasTableChange: boolean;
  /** A header block that says so if it must. To be sent. */
  withTableChange(block: Buffer): Buffer;
}

/** Answers a message with OK. */
export function sendAnswer(
  call: Http2Stream<RequestHead>,
  message: Uint8Array,
  context: AnswerContext,
): void {
  const { connection } = context;
  const isPlain = message.length === 0 && !context.hasTableChange;
  if (isPlain && connection.canSend(call, EMPTY_ANSWER_DATA_BYTES)) {
    writeEmptyAnswer(call.id, connection.output);
    connection.onBodySent(call, EMPTY_ANSWER_DATA_BYTES);
  } else {
    connection.sendHeaders(call, context.withTableChange(ANSWER_HEADERS), false);
    connection.sendBody(call, [messageHead(message.length), message], OK_TRAILERS);
  }
}

/** Answers with a status and no message. */
export function sendStatus(call: Http2Stream<RequestHead>, status: RpcStatus, context: AnswerContext): void {
  const { connection } = context;
  // A client that is refused for its encoding is told which ones there are.
  const isUnknown = status.code === RPC_CODES.UNIMPLEMENTED;
  const more = isUnknown ? [plain('grpc-accept-encoding', ACCEPT_ENCODING)] : [];
  connection.sendHeaders(call, context.withTableChange(statusBlock(status, more)), true);
  // RFC 9113 section 8.1: the rest of the request is not needed.
  if (!call.isRemoteClosed) connection.reset(call, ERROR_CODE.NO_ERROR);
}

/** Answers what is no call of gRPC, in words. */
export function sendHttpAnswer(
  call: Http2Stream<RequestHead>,
  { method, isTooLarge }: RequestHead,
  context: AnswerContext,
): void {
  const [status, text] = isTooLarge
    ? ([431, 'The headers are larger than the limit.\n'] as const)
    : method === 'POST'
      ? ([415, 'This port takes gRPC: POST with the content type application/grpc.\n'] as const)
      : ([405, 'This port takes gRPC: POST with the content type application/grpc.\n'] as const);
  const body = Buffer.from(text);
  const hasBody = method !== 'HEAD';
  context.connection.sendHeaders(call, context.withTableChange(httpBlock(status, body.length)), !hasBody);
  if (hasBody) context.connection.sendBody(call, [body]);
}

/**
 * Answers as bytes. None makes use of the client's table, so that each is encoded once for all connections, but for those
 * that carry a text.
 */
import { RPC_CODES, type RpcStatus } from '@tributary/core';
import { HpackEncoder, type OutgoingField } from '../hpack/encoder.ts';
import type { Output } from '../http2/output.ts';
import { FLAG, FRAME, FRAME_HEAD_BYTES, writeFrameHead, writeUint32 } from '../http2/protocol.ts';
import { MESSAGE_HEAD_BYTES } from '../message-reader.ts';
import { plain, statusFields } from '../status-fields.ts';

/** Knows no field but those of the static table: what it encodes is right on every connection. */
const encoder = new HpackEncoder();

const GRPC_FIELDS = [plain(':status', '200'), plain('content-type', 'application/grpc')];

/** Says that the table is empty, as a header block must begin with once the client has taken back room for it. */
export const EMPTY_TABLE = Buffer.from([0x20]);

/** The header block that comes before a message. */
export const ANSWER_HEADERS = encoder.encode(GRPC_FIELDS);
/** The header block that comes after it. */
export const OK_TRAILERS = encoder.encode([plain('grpc-status', String(RPC_CODES.OK))]);

/** The head of an uncompressed message. */
export function messageHead(length: number): Buffer {
  const head = Buffer.allocUnsafe(MESSAGE_HEAD_BYTES);
  head[0] = 0;
  writeUint32(length, head, 1);
  return head;
}

/** The only header block of an answer without a message. */
export function statusBlock(status: RpcStatus, more: readonly OutgoingField[]): Buffer {
  return encoder.encode([...GRPC_FIELDS, ...statusFields(status), ...more]);
}

/** The header block of an answer to what is no request of gRPC. */
export function httpBlock(status: number, length: number): Buffer {
  return encoder.encode([
    plain(':status', String(status)),
    plain('content-type', 'text/plain; charset=utf-8'),
    plain('content-length', String(length)),
  ]);
}

/** Bytes of DATA in the answer of an empty message. */
export const EMPTY_ANSWER_DATA_BYTES = MESSAGE_HEAD_BYTES;

const DATA_AT = FRAME_HEAD_BYTES + ANSWER_HEADERS.length;
const TRAILERS_AT = DATA_AT + FRAME_HEAD_BYTES + MESSAGE_HEAD_BYTES;
/** Where the frames of an empty answer name their stream. */
const STREAM_ID_AT = 5;

const EMPTY_ANSWER = encodeEmptyAnswer();

/** Writes the whole answer of an empty message with OK, all three frames. */
export function writeEmptyAnswer(streamId: number, output: Output): void {
  const at = output.reserve(EMPTY_ANSWER.length);
  const { block } = output;
  block.set(EMPTY_ANSWER, at);
  writeUint32(streamId, block, at + STREAM_ID_AT);
  writeUint32(streamId, block, at + DATA_AT + STREAM_ID_AT);
  writeUint32(streamId, block, at + TRAILERS_AT + STREAM_ID_AT);
}

function encodeEmptyAnswer(): Buffer {
  const bytes = Buffer.alloc(TRAILERS_AT + FRAME_HEAD_BYTES + OK_TRAILERS.length);
  writeFrameHead(bytes, 0, ANSWER_HEADERS.length, FRAME.HEADERS, FLAG.END_HEADERS, 0);
  bytes.set(ANSWER_HEADERS, FRAME_HEAD_BYTES);
  writeFrameHead(bytes, DATA_AT, MESSAGE_HEAD_BYTES, FRAME.DATA, 0, 0);
  const last = FLAG.END_HEADERS | FLAG.END_STREAM;
  writeFrameHead(bytes, TRAILERS_AT, OK_TRAILERS.length, FRAME.HEADERS, last, 0);
  bytes.set(OK_TRAILERS, TRAILERS_AT + FRAME_HEAD_BYTES);
  return bytes;
}

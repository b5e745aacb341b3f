/**
 * A status as header fields: `grpc-status`, `grpc-message` (percent-encoded UTF-8) and `grpc-status-details-bin` (base64
 * of a google.rpc.Status).
 *
 * Specification: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
import { decodeRpcStatus, encodeRpcStatus, RPC_CODES, type RpcStatus } from '@tributary/core';
import type { OutgoingField } from './hpack/encoder.ts';

/** The longest text of a status: it travels in a header, and peers bound those. */
const MAX_MESSAGE_LENGTH = 1024;

/** The fields of a status. */
export function statusFields({ code, message, retryDelayMs }: RpcStatus): readonly OutgoingField[] {
  // A lone surrogate has no encoding.
  const text = message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const fields = [plain('grpc-status', String(code))];
  if (text !== '') fields.push(plain('grpc-message', percentEncode(text)));
  if (retryDelayMs !== undefined) {
    const details = encodeRpcStatus({ code, message: text, retryDelayMs });
    fields.push(plain('grpc-status-details-bin', Buffer.from(details).toString('base64')));
  }
  return fields;
}

/** A field that does not enter the peer's table. */
export function plain(name: string, value: string): OutgoingField {
  return { name, value, indexing: 'plain' };
}

/** The status that fields of a peer say. A code that is no number is none of gRPC: -1. */
export function readStatus(
  code: string,
  message: string | undefined,
  details: string | undefined,
): RpcStatus {
  const status = {
    code: /^\d{1,9}$/.test(code) ? Number(code) : -1,
    message: percentDecode(message ?? ''),
  };
  const retryDelayMs =
    details === undefined || status.code === RPC_CODES.OK
      ? undefined
      : decodeRpcStatus(Buffer.from(details, 'base64'))?.retryDelayMs;
  return retryDelayMs === undefined ? status : { ...status, retryDelayMs };
}

/** All but visible ASCII and blanks, and `%`, as the bytes of their UTF-8. */
function percentEncode(text: string): string {
  return text.replace(/[^ -$&-~]+/gu, (part) => {
    let encoded = '';
    for (const byte of Buffer.from(part)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    return encoded;
  });
}

/** What is no encoding stays as it is, as the specification has it. */
function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}

import type { RpcStatus } from '@tributary/core';
import type { HeaderField } from '../hpack/header-field.ts';
import { readStatus } from '../status-fields.ts';

/** What a header block of an answer says: its beginning, or its trailers. */
export interface AnswerHead {
  /** Whether RFC 9113 lets it be one. */
  readonly isValid: boolean;
  /** The status of HTTP; undefined in trailers. */
  readonly httpStatus: number | undefined;
  readonly contentType: string | undefined;
  readonly isGrpc: boolean;
  readonly encoding: string | undefined;
  /** The status of gRPC; undefined where the block has none. */
  readonly status: RpcStatus | undefined;
}

const GRPC_TYPE = /^application\/grpc(?:[+;]|$)/i;

/** Reads the fields of a block. Never throws. */
export function parseAnswerHead(fields: readonly HeaderField[]): AnswerHead {
  const values = new Map<string, string>();
  let isValid = true;
  let hasRegular = false;
  for (const field of fields) {
    const isPseudo = field.name.startsWith(':');
    if (!field.isValid || (isPseudo && (hasRegular || field.name !== ':status' || values.has(':status')))) {
      isValid = false;
    }
    hasRegular ||= !isPseudo;
    values.set(field.name, field.value);
  }
  const httpStatus = values.get(':status');
  if (httpStatus !== undefined && !/^\d{3}$/.test(httpStatus)) isValid = false;
  const code = values.get('grpc-status');
  const contentType = values.get('content-type');
  return {
    isValid,
    httpStatus: httpStatus === undefined ? undefined : Number(httpStatus),
    contentType,
    isGrpc: GRPC_TYPE.test(contentType ?? ''),
    encoding: values.get('grpc-encoding'),
    status:
      code === undefined
        ? undefined
        : readStatus(code, values.get('grpc-message'), values.get('grpc-status-details-bin')),
  };
}

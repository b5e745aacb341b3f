/**
 * `google.rpc.Status`: what OTLP answers with when it refuses, in gRPC (in the `grpc-status-details-bin` trailer) and
 * in HTTP (as the body). Wire format, https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto:
 *
 *     Status      1 code int32 · 2 message string · 3 details repeated Any
 *     Any         1 type_url string · 2 value bytes
 *     RetryInfo   1 retry_delay Duration
 *     Duration    1 seconds int64 · 2 nanos int32
 *
 * Of the details only RetryInfo is written and read.
 */

/** The codes of gRPC, `google.rpc.Code`. */
export const RPC_CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** The name of a gRPC code. */
export type RpcCodeName = keyof typeof RPC_CODES;

/** What a server says of a call that it did not carry out. */
export interface RpcStatus {
  /** One of `RPC_CODES`; a number, because a peer may send any. */
  readonly code: number;
  readonly message: string;
  /** How long the client is asked to wait before it tries again, in milliseconds. */
  readonly retryDelayMs?: number;
}

const RETRY_INFO_TYPE = 'type.googleapis.com/google.rpc.RetryInfo';
const LENGTH_DELIMITED = 2;

/** The name of a code, or `CODE_n` for one that gRPC does not define. */
export function rpcCodeName(code: number): string {
  return CODE_NAMES[code] ?? `CODE_${code}`;
}

/** The protobuf encoding of a status. */
export function encodeRpcStatus(status: RpcStatus): Uint8Array {
  const fields: number[] = [];
  pushVarintField(fields, 1, status.code);
  pushBytesField(fields, 2, Buffer.from(status.message));
  if (status.retryDelayMs !== undefined) {
    const duration: number[] = [];
    pushVarintField(duration, 1, Math.floor(status.retryDelayMs / 1000));
    pushVarintField(duration, 2, Math.floor((status.retryDelayMs % 1000) * 1e6));
    const retryInfo: number[] = [];
    pushBytesField(retryInfo, 1, duration, true);
    const any: number[] = [];
    pushBytesField(any, 1, Buffer.from(RETRY_INFO_TYPE));
    pushBytesField(any, 2, retryInfo);
    pushBytesField(fields, 3, any);
  }
  return Uint8Array.from(fields);
}

/** The protobuf JSON encoding of a status. */
export function rpcStatusToJson(status: RpcStatus): string {
  if (status.retryDelayMs === undefined) {
    return JSON.stringify({ code: status.code, message: status.message });
  }
  const retryDelay = `${status.retryDelayMs / 1000}s`;
  return JSON.stringify({
    code: status.code,
    message: status.message,
    details: [{ '@type': RETRY_INFO_TYPE, retryDelay }],
  });
}

/** Reads a status that a peer sent; undefined if the bytes are not one. Never throws: the bytes are hostile. */
export function decodeRpcStatus(bytes: Uint8Array): RpcStatus | undefined {
  try {
    let code = 0;
    let message = '';
    let retryDelayMs: number | undefined;
    forEachField(bytes, (field, value) => {
      if (field === 1 && typeof value === 'number') {
        code = value | 0;
      } else if (field === 2 && typeof value === 'object') {
        message = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
      } else if (field === 3 && typeof value === 'object') {
        retryDelayMs = readRetryInfo(value) ?? retryDelayMs;
      }
    });
    return retryDelayMs === undefined ? { code, message } : { code, message, retryDelayMs };
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}

/** Reads the JSON form of a status that a peer sent; undefined if the text is not one. */
export function parseRpcStatusJson(text: string): RpcStatus | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return undefined;
  }
  const { code, message, details } = parsed as { code?: unknown; message?: unknown; details?: unknown };
  const status = {
    code: typeof code === 'number' ? code : 0,
    message: typeof message === 'string' ? message : '',
  };
  const retryDelayMs = Array.isArray(details) ? readRetryInfoJson(details) : undefined;
  return retryDelayMs === undefined ? status : { ...status, retryDelayMs };
}

const CODE_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(RPC_CODES).map(([name, code]) => [code, name]),
);

function pushVarint(out: number[], value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

function pushVarintField(out: number[], field: number, value: number): void {
  if (value !== 0) {
    out.push(field << 3);
    pushVarint(out, value);
  }
}

function pushBytesField(out: number[], field: number, bytes: ArrayLike<number>, keepEmpty = false): void {
  if (bytes.length > 0 || keepEmpty) {
    out.push((field << 3) | LENGTH_DELIMITED);
    pushVarint(out, bytes.length);
    for (let at = 0; at < bytes.length; at++) {
      out.push(bytes[at]!);
    }
  }
}

function readRetryInfo(any: Uint8Array): number | undefined {
  let typeUrl = '';
  let retryInfo: Uint8Array | undefined;
  forEachField(any, (field, value) => {
    if (field === 1 && typeof value === 'object') {
      typeUrl = Buffer.from(value).toString();
    } else if (field === 2 && typeof value === 'object') {
      retryInfo = value;
    }
  });
  if (typeUrl !== RETRY_INFO_TYPE || retryInfo === undefined) {
    return undefined;
  }
  let delayMs = 0;
  forEachField(retryInfo, (field, value) => {
    if (field === 1 && typeof value === 'object') {
      forEachField(value, (part, count) => {
        if (typeof count === 'number') {
          delayMs += part === 1 ? count * 1000 : part === 2 ? count / 1e6 : 0;
        }
      });
    }
  });
  return delayMs;
}

function readRetryInfoJson(details: readonly unknown[]): number | undefined {
  for (const detail of details) {
    const info = detail as { '@type'?: unknown; retryDelay?: unknown } | null;
    if (info?.['@type'] === RETRY_INFO_TYPE && typeof info.retryDelay === 'string') {
      const seconds = /^(\d+(?:\.\d+)?)s$/.exec(info.retryDelay)?.[1];
      return seconds === undefined ? undefined : Math.round(Number(seconds) * 1e6) / 1e3;
    }
  }
  return undefined;
}

/**
 * Walks the fields of a protobuf message: varints as numbers (large ones lose their low digits), length-delimited
 * ones as views. Throws a RangeError where the bytes do not hold together.
 */
function forEachField(
  bytes: Uint8Array,
  visit: (field: number, value: number | Uint8Array | undefined) => void,
): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined) {
        break;
      }
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        return value;
      }
    }
    throw new RangeError('not a varint');
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        visit(field, varint());
        break;
      case 1:
        at += 8;
        break;
      case LENGTH_DELIMITED: {
        const length = varint();
        if (length > bytes.length - at) {
          throw new RangeError('a field is longer than its message');
        }
        visit(field, bytes.subarray(at, at + length));
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new RangeError('not a wire type');
    }
  }
}

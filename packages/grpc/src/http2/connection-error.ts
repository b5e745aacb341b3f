import { ERROR_CODE } from './protocol.ts';

/**
 * Why a connection was ended from this side, as metrics say it. `protocol` and the other errors are RFC 9113's; those that
 * end in `_flood` and `stalled` are limits of ours.
 */
export const END_REASONS = [
  'preface',
  'protocol',
  'frame_size',
  'flow_control',
  'compression',
  'reset_flood',
  'continuation_flood',
  'settings_flood',
  'ping_flood',
  'empty_frame_flood',
  'control_frame_flood',
  'stalled',
  'keepalive',
  'internal',
] as const;

/** One of the reasons. */
export type EndReason = (typeof END_REASONS)[number];

/** What the peer did ends the connection: it is told the code and closed. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** One of `ERROR_CODE`. */
  readonly code: number;
  readonly reason: EndReason;

  constructor(code: number, reason: EndReason, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** An error of the kind that most sections of RFC 9113 ask for. */
export function protocolError(message: string): ConnectionError {
  return new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, 'protocol', message);
}

/** A frame of the wrong length, RFC 9113 section 4.2. */
export function frameSizeError(message: string): ConnectionError {
  return new ConnectionError(ERROR_CODE.FRAME_SIZE_ERROR, 'frame_size', message);
}

/** A window that is overrun or overflows, RFC 9113 section 6.9. */
export function flowControlError(message: string): ConnectionError {
  return new ConnectionError(ERROR_CODE.FLOW_CONTROL_ERROR, 'flow_control', message);
}

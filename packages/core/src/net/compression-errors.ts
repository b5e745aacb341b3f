import { PermanentError } from '../errors.ts';
import type { CompressionType } from './compression.ts';

/** The output would be larger than the limit. */
export function tooLarge(type: CompressionType, limit: number): PermanentError {
  return new PermanentError(
    'OTLP_TOO_LARGE',
    `${type}: the decompressed request is larger than the limit (${limit} bytes). Send smaller requests.`,
    { details: { limit } },
  );
}

/** The input is whole and correct up to `end`, and then goes on. */
export function trailingBytes(type: CompressionType, end: number, length: number): PermanentError {
  return invalid(type, `${length - end} bytes follow its end at offset ${end}`);
}

/** The input is not what it should be. */
export function invalid(type: CompressionType, reason: string): PermanentError {
  return new PermanentError(
    'COMPRESSION_INVALID',
    `${type}: the request cannot be decompressed (${reason}). Check that the body is what its encoding says.`,
  );
}

import { type CompressionType, isCompressionType } from '@tributary/core';
import type { Encoding } from './intake.ts';

/** How a body is encoded, by its content type; undefined for a type that is not OTLP's. */
export function encodingOf(contentType: string | undefined): Encoding | undefined {
  switch (contentType) {
    case 'application/x-protobuf':
      return 'proto';
    case 'application/json':
      return 'json';
    default: {
      const parameters = contentType?.indexOf(';') ?? -1;
      const mediaType = contentType
        ?.slice(0, parameters < 0 ? undefined : parameters)
        .trim()
        .toLowerCase();
      return mediaType === contentType ? undefined : encodingOf(mediaType);
    }
  }
}

/** How a body is compressed, by its content encoding; undefined for a compression that this server does not take. */
export function compressionOf(
  contentEncoding: string | undefined,
  allowed: ReadonlySet<string>,
): CompressionType | 'none' | undefined {
  const name = contentEncoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') {
    return allowed.has('') ? 'none' : undefined;
  }
  return allowed.has(name) && isCompressionType(name) ? name : undefined;
}

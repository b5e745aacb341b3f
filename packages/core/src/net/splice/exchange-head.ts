/**
 * The compressed form of a request that begins otherwise than the one whose form came: of one to whose resource attributes were
 * added. It is made without compressing anew, and decompressed once to see that it is right.
 */
import type { NewHead } from '../../otlp/added-attributes.ts';
import type { CompressedForm } from '../compressed-form.ts';
import { decompressesTo } from '../zlib-in-place.ts';
import { exchangeGzipHead } from './deflate-head.ts';
import { exchangeZstdHead } from './zstd-head.ts';

/** Larger ones would keep the event loop for too long. */
export const MAX_EXCHANGED_BYTES = 2 * 1024 * 1024;

/** The form of `head` and what follows in the content; undefined where it cannot be made of the form that came. */
export function exchangeHead(form: CompressedForm, { head, from }: NewHead): Uint8Array | undefined {
  const { type, bytes, content } = form;
  if (from > content.length || content.length + head.length > MAX_EXCHANGED_BYTES) return undefined;
  if (type === 'gzip') {
    const member = exchangeGzipHead(bytes, content, from, head);
    return member !== undefined && decompressesTo('gunzip', member, head, content, from) ? member : undefined;
  }
  if (type === 'zstd') {
    const frame = exchangeZstdHead(bytes, content, from, head);
    return frame !== undefined && decompressesTo('unzstd', frame, head, content, from) ? frame : undefined;
  }
  return undefined;
}

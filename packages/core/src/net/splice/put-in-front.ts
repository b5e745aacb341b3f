/**
 * The compressed form of a content with something in front of it, without compressing or decompressing anything.
 *
 * What refers back in a form does so by distances, so that nothing in it feels what stands before it. A content that
 * was decompressed refers to nothing before its beginning, and its first block needs no tables of an earlier one:
 * decoders refuse that. So what comes out has the content that it should have whatever was in the form, and nobody need
 * look.
 */
import type { CompressedForm } from '../compressed-form.ts';
import { inFrontOfMember } from './deflate-head.ts';
import { inFrontOfFrame } from './zstd-head.ts';

/** The form of `prefix` and the content, in pieces; undefined where it cannot be made of the form that came. */
export function putInFront(
  prefix: Uint8Array,
  { type, content, bytes }: CompressedForm,
): readonly Uint8Array[] | undefined {
  if (type === 'gzip') return inFrontOfMember(prefix, bytes, content.length);
  return type === 'zstd' ? inFrontOfFrame(prefix, bytes, content.length) : undefined;
}

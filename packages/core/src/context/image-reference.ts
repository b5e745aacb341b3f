/**
 * References of container images, by the grammar of https://github.com/distribution/reference:
 *
 *     reference := name [ ":" tag ] [ "@" digest ]
 *     name      := [ domain "/" ] path { "/" path }
 *     digest    := algorithm ":" hex
 */

/** An image reference, taken apart. */
export interface ImageReference {
  /** With the registry, where it is given: `registry.example:5000/shop/cart`. */
  readonly name: string;
  /** Empty where there is none. */
  readonly tag: string;
  /** `sha256:…`; empty where there is none. */
  readonly digest: string;
}

const MAX_REFERENCE_LENGTH = 1024;
const MAX_NAME_LENGTH = 255;

const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REFERENCE = new RegExp(
  `^((?:${DOMAIN}/)?${PATH}(?:/${PATH})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(.+))?$`,
);
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;

/** Takes a reference apart; undefined if it is none, but an image's id (`sha256:…`) or anything else. */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > MAX_REFERENCE_LENGTH || DIGEST.test(text)) return undefined;
  const match = REFERENCE.exec(text);
  if (match === null) return undefined;
  const [, name = '', tag = '', digest = ''] = match;
  if (name.length > MAX_NAME_LENGTH || (digest !== '' && !DIGEST.test(digest))) return undefined;
  return { name, tag, digest };
}

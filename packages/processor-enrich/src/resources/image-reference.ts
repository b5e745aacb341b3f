import { parseImageReference } from '@tributary/core';

/** The digest reference of an image id in full, with its registry; undefined if it has no digest, or no name. */
export function canonicalImageReference(imageId: string): string | undefined {
  const parsed = parseImageReference(withRegistry(imageId));
  if (parsed === undefined || parsed.digest === '') return undefined;
  return `${parsed.name}${parsed.tag === '' ? '' : `:${parsed.tag}`}@${parsed.digest}`;
}

/** `nginx` is `docker.io/library/nginx`, `shop/cart` is `docker.io/shop/cart`. */
function withRegistry(reference: string): string {
  const slash = reference.indexOf('/');
  const first = reference.slice(0, slash);
  const hasRegistry =
    slash !== -1 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const registry = !hasRegistry || first === 'index.docker.io' ? 'docker.io' : first;
  const rest = hasRegistry ? reference.slice(slash + 1) : reference;
  return registry === 'docker.io' && !rest.includes('/')
    ? `docker.io/library/${rest}`
    : `${registry}/${rest}`;
}

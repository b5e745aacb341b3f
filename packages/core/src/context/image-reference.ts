/** A reference of a container image taken apart. */
export interface ImageReference {
  /** Registry and repository: `registry.example:5000/shop/cart`. */
  readonly name: string;
  /** `1.4`; undefined where the reference has none. */
  readonly tag: string | undefined;
  /** `sha256:…`; undefined where the reference has none. */
  readonly digest: string | undefined;
}

/**
 * Takes `name[:tag][@digest]` apart (https://pkg.go.dev/github.com/distribution/reference). A colon before a slash is that of a
 * registry's port. What is no reference comes back as a name.
 */
export function parseImageReference(text: string): ImageReference {
  const at = text.indexOf('@');
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  return {
    name: colon === -1 ? named : named.slice(0, colon),
    tag: colon === -1 ? undefined : named.slice(colon + 1),
    digest: at === -1 ? undefined : text.slice(at + 1),
  };
}

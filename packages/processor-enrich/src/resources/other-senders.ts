import {
  type AnyValue,
  ATTR_CONTAINER_ID,
  ATTR_CONTAINER_IMAGE_NAME,
  ATTR_CONTAINER_IMAGE_TAG,
  ATTR_CONTAINER_NAME,
  type Container,
  EncodedAttributes,
  parseImageReference,
} from '@tributary/core';
import type { OtherSender } from './association.ts';

/** What is added for senders that are no pods, encoded once: made anew when they have changed. */
export class OtherSenders {
  readonly #known = new WeakMap<
    OtherSender,
    { readonly revision: number; readonly encoded: EncodedAttributes }
  >();

  of(sender: OtherSender): EncodedAttributes {
    const { revision } = sender;
    const known = this.#known.get(sender);
    if (known?.revision === revision) return known.encoded;
    const attributes = sender.kind === 'container' ? attributesOf(sender) : Object.entries(sender.attributes);
    const encoded = new EncodedAttributes(attributes);
    this.#known.set(sender, { revision, encoded });
    return encoded;
  }
}

function attributesOf({ name, id, image }: Container): [string, AnyValue][] {
  const reference = parseImageReference(image);
  const attributes: [string, AnyValue][] = [
    [ATTR_CONTAINER_NAME, name],
    [ATTR_CONTAINER_ID, id],
    [ATTR_CONTAINER_IMAGE_NAME, reference?.name ?? ''],
    [ATTR_CONTAINER_IMAGE_TAG, reference?.tag ?? ''],
  ];
  return attributes.filter(([, value]) => value !== '');
}

import { parseImageReference } from '@tributary/core';
import { expect, it } from 'vitest';

it.each([
  ['nginx', 'nginx', undefined, undefined],
  ['nginx:1.27', 'nginx', '1.27', undefined],
  ['registry.example:5000/shop/cart', 'registry.example:5000/shop/cart', undefined, undefined],
  ['registry.example:5000/shop/cart:1.4', 'registry.example:5000/shop/cart', '1.4', undefined],
  ['shop/cart@sha256:ab12', 'shop/cart', undefined, 'sha256:ab12'],
  ['shop/cart:1.4@sha256:ab12', 'shop/cart', '1.4', 'sha256:ab12'],
  ['sha256:ab12', 'sha256', 'ab12', undefined],
  ['', '', undefined, undefined],
])('the image %j is %j with the tag %j and the digest %j', (text, name, tag, digest) => {
  expect(parseImageReference(text)).toEqual({ name, tag, digest });
});

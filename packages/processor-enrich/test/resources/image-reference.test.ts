import { describe, expect, it } from 'vitest';
import { canonicalImageReference } from '../../src/resources/image-reference.ts';

const SHA256 = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('the id of an image', () => {
  it.each([
    [`nginx@${SHA256}`, `docker.io/library/nginx@${SHA256}`],
    [`shop/cart@${SHA256}`, `docker.io/shop/cart@${SHA256}`],
    [`index.docker.io/nginx@${SHA256}`, `docker.io/library/nginx@${SHA256}`],
    [`localhost/a@${SHA256}`, `localhost/a@${SHA256}`],
    [`registry.example/a:1@${SHA256}`, `registry.example/a:1@${SHA256}`],
    [SHA256, undefined],
    ['0123456789abcdef'.repeat(4), undefined],
    ['nginx:1.27', undefined],
    [`docker-pullable://nginx@${SHA256}`, undefined],
    ['', undefined],
  ])('%s is in full %s', (id, reference) => {
    expect(canonicalImageReference(id)).toBe(reference);
  });
});

import { parseImageReference } from '@tributary/core';
import { describe, expect, it } from 'vitest';

const SHA256 = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('an image reference', () => {
  it.each([
    ['nginx', { name: 'nginx', tag: '', digest: '' }],
    ['nginx:1.27', { name: 'nginx', tag: '1.27', digest: '' }],
    ['registry.example:5000/shop/cart', { name: 'registry.example:5000/shop/cart', tag: '', digest: '' }],
    [
      'registry.example:5000/shop/cart:v1',
      { name: 'registry.example:5000/shop/cart', tag: 'v1', digest: '' },
    ],
    [`a/b__c.d-e:t@${SHA256}`, { name: 'a/b__c.d-e', tag: 't', digest: SHA256 }],
    [`[2001:db8::1]:5000/a@${SHA256}`, { name: '[2001:db8::1]:5000/a', tag: '', digest: SHA256 }],
  ])('is taken apart: %s', (text, parts) => {
    expect(parseImageReference(text)).toEqual(parts);
  });

  it.each([
    '',
    'Nginx',
    'a//b',
    'a:',
    'a:b c',
    'a@sha256:12',
    '-a',
    'docker-pullable://nginx',
    'a'.repeat(256),
    '\u0000',
    SHA256,
  ])('is none: %j', (text) => {
    expect(parseImageReference(text)).toBeUndefined();
  });

  it('that is made to hold up a pattern is refused all the same', () => {
    for (const text of [
      'a-'.repeat(512),
      'a.'.repeat(512),
      `${'a/'.repeat(500)}!`,
      `${'a__'.repeat(340)}!`,
    ]) {
      expect(parseImageReference(text)).toBeUndefined();
    }
  });
});

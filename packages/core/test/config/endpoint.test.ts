import { expect, test } from 'vitest';
import { splitHostPort } from '../../src/config/endpoint.ts';

test.each([
  ['localhost:4317', { host: 'localhost', port: 4317 }],
  ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
  [':4317', { host: '', port: 4317 }],
  ['[::1]:4317', { host: '::1', port: 4317 }],
  ['[fe80::1%eth0]:65535', { host: 'fe80::1%eth0', port: 65_535 }],
])('%s is taken apart', (text, parts) => {
  expect(splitHostPort(text)).toStrictEqual(parts);
});

test.each([
  '',
  'localhost',
  'localhost:',
  '::1:4317',
  'a:b:1',
  'host:65536',
  'http://host:1',
  'host :1',
  '[::1]',
])('%j is no host and port', (text) => {
  expect(splitHostPort(text)).toBeUndefined();
});

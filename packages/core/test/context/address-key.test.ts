import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addressKey,
  addressText,
  endpointKey,
  ipv4KeyOfBytes,
  portKey,
} from '../../src/context/address-key.ts';

test.each([
  ['0.0.0.0', 0],
  ['10.2.7.31', 0x0a02071f],
  ['255.255.255.255', -1],
  ['::ffff:10.2.7.31', 0x0a02071f],
  ['::FFFF:0a02:071f', 0x0a02071f],
  ['2001:DB8::0001', '2001:db8::1'],
  ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::1.2.3.4', '::102:304'],
  ['::1:0', '::1:0'],
])('%s is one key', (text, key) => {
  expect(addressKey(text)).toBe(key);
});

test.each([
  '',
  '.',
  '10',
  '10.2.7',
  '10.2.7.31.4',
  '10.2.7.256',
  '10.2.07.31',
  '10..7.31',
  '10.2.7.',
  'a',
  ':',
  '10.2.7.31/8',
  ' 10.2.7.31',
  '1e1.2.3.4',
])('"%s" is no address', (text) => {
  expect(addressKey(text)).toBeUndefined();
});

test('every text is a key exactly if node takes it for an address, and comes back the same', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
      const key = addressKey(text);
      expect(key !== undefined).toBe(
        isIP(text.split('%')[0]!) !== 0 && (isIP(text) !== 0 || text.includes(':')),
      );
      if (key !== undefined) expect(addressKey(addressText(key))).toBe(key);
    }),
  );
});

test('the bytes of an IPv4 address are the key that its text is, and no other bytes are one', () => {
  const almost = fc.stringMatching(/^[0-9.:a-f]{0,20}$/);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), almost, fc.string()), (text) => {
      const bytes = Buffer.from(`1${text}1`);
      const key = text.includes(':') ? undefined : addressKey(text);
      expect(ipv4KeyOfBytes(bytes, 1, bytes.length - 1)).toBe(key);
    }),
  );
});

test('no two ports of any addresses have the same key', () => {
  const keys = [];
  for (const address of ['0.0.0.0', '0.0.0.1', '10.2.7.31', '255.255.255.255', '::1', '::2']) {
    for (const port of [0, 1, 80, 65535]) {
      for (const transport of ['tcp', 'udp', 'sctp'] as const)
        keys.push(endpointKey(addressKey(address)!, port, transport));
    }
  }
  expect(new Set(keys).size).toBe(keys.length);
  expect(portKey(80, 'tcp')).not.toBe(portKey(80, 'udp'));
});

import { BlockList } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressKey } from '../../src/context/address-key.ts';
import { parsePrefix, RangeTable } from '../../src/context/range-table.ts';

const BOUNDS = { maxClaims: 1000, graceMs: 1000, monotonicMs: () => 0 };

test.each([
  ['10.2.7.31/16', { address: addressKey('10.2.0.0'), length: 16 }],
  ['10.2.7.31', { address: addressKey('10.2.7.31'), length: 32 }],
  ['0.0.0.0/0', { address: 0, length: 0 }],
  ['255.0.0.0/1', { address: addressKey('128.0.0.0'), length: 1 }],
  ['2001:db8:ffff::1/33', { address: '2001:db8:8000::', length: 33 }],
  ['::ffff:10.2.0.0/112', { address: addressKey('10.2.0.0'), length: 16 }],
  ['::1', { address: '::1', length: 128 }],
])('%s is a range', (text, prefix) => {
  const { address, length } = prefix;
  const parsed = parsePrefix(text);
  expect(parsed?.length).toBe(length);
  // The bits after the prefix do not count.
  expect(
    parsePrefix(`${text.split('/')[0]}/${text.split('/')[1] ?? (text.includes(':') ? 128 : 32)}`),
  ).toEqual(parsed);
  if (text.includes('/')) expect(parsed?.address).toBe(address);
});

test.each([
  '10.2.0.0/33',
  '10.2.0.0/-1',
  '10.2.0.0/',
  '2001:db8::/129',
  '/8',
  'ten/8',
  '10.2.0.0/1e1',
  '::ffff:10.2.0.0/95',
])('"%s" is no range', (text) => {
  expect(parsePrefix(text)).toBeUndefined();
});

test('the longest range that held is the answer, as a block list of node has it', () => {
  // Those that stand for IPv4 addresses are another family to node.
  const ipv6 = fc.ipV6().filter((text) => typeof addressKey(text) === 'string');
  const address = fc.oneof(fc.ipV4(), ipv6);
  const prefix = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })),
  );
  fc.assert(
    fc.property(
      fc.array(prefix, { maxLength: 20 }),
      fc.array(address, { maxLength: 20 }),
      (prefixes, addresses) => {
        const table = new RangeTable<string>(BOUNDS);
        const ranges = prefixes.map(([base, length]) => {
          const parsed = parsePrefix(`${base}/${length}`);
          if (parsed === undefined) throw new Error(`${base}/${length}`);
          const list = new BlockList();
          list.addSubnet(base, length, base.includes(':') ? 'ipv6' : 'ipv4');
          const name = `${String(parsed.address)}/${parsed.length}`;
          table.claim(parsed, name, 0);
          return { name, list, length: parsed.length, family: base.includes(':') ? 'ipv6' : 'ipv4' } as const;
        });
        for (const text of [...addresses, ...prefixes.map(([base]) => base)]) {
          const family = text.includes(':') ? 'ipv6' : 'ipv4';
          const around = ranges.filter((range) => range.family === family && range.list.check(text, family));
          const longest = around.toSorted((left, right) => right.length - left.length)[0];
          expect(table.at(addressKey(text)!, 1)).toBe(longest?.name);
        }
      },
    ),
  );
});

test('ranges hold for their time', () => {
  const table = new RangeTable<string>(BOUNDS);
  const office = parsePrefix('10.0.0.0/8')!;
  const floor = parsePrefix('10.1.0.0/16')!;
  table.claim(office, 'office', 0);
  table.claim(floor, 'floor', 100);
  table.release(floor, 'floor', 200);
  const key = addressKey('10.1.2.3')!;
  expect([50, 150, 200].map((time) => table.at(key, time))).toEqual(['office', 'floor', 'office']);
});

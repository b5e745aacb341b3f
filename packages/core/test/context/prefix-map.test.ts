import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressKey, addressKey, addressText, PrefixMapBuilder, parsePrefix } from '../../src/index.ts';

/** Addresses that lie close together, so that ranges nest and meet, and at both ends of the space. */
const ipv4Arbitrary = fc
  .tuple(
    fc.constantFrom(0, 10, 127, 255),
    fc.constantFrom(0, 1, 128, 255),
    fc.constantFrom(0, 255),
    fc.nat({ max: 255 }),
  )
  .map((parts) => parts.join('.'));
const ipv6Arbitrary = fc
  .tuple(
    fc.constantFrom('2001:db8', '0:0', 'ffff:ffff', 'fe80:0', '1:0'),
    fc.array(fc.constantFrom('0', '1', '8000', 'ffff', 'abc'), { minLength: 6, maxLength: 6 }),
  )
  .map(([head, groups]) => `${head}:${groups.join(':')}`)
  // Addresses of IPv4 in the form of IPv6 are IPv4.
  .filter((text) => typeof addressKey(text) === 'string');

const rowsArbitrary = (address: fc.Arbitrary<string>, bits: number): fc.Arbitrary<string[]> =>
  fc.array(
    fc.tuple(address, fc.integer({ min: 0, max: bits })).map(([text, length]) => `${text}/${length}`),
    { maxLength: 40 },
  );

function keyOf(text: string): AddressKey {
  const key = addressKey(text);
  if (key === undefined) throw new Error(`${text} is no address`);
  return key;
}

/** The row with the longest prefix around an address, the first of equal ones, by asking Node of each. */
function scan(rows: readonly string[], address: string): number {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  let best = -1;
  let bestLength = -1;
  for (const [row, text] of rows.entries()) {
    const prefix = parsePrefix(text)!;
    if ((typeof prefix.address === 'number') !== (family === 'ipv4')) continue;
    const list = new BlockList();
    list.addSubnet(addressText(prefix.address), prefix.length, family);
    if (prefix.length > bestLength && list.check(address, family)) [best, bestLength] = [row, prefix.length];
  }
  return best;
}

describe('a prefix map', () => {
  it.each([
    ['IPv4', ipv4Arbitrary, 32],
    ['IPv6', ipv6Arbitrary, 128],
  ] as const)('finds of %s ranges the longest around an address', (_, address, bits) => {
    fc.assert(
      fc.property(rowsArbitrary(address, bits), fc.array(address), (rows, others) => {
        const builder = new PrefixMapBuilder();
        for (const [row, text] of rows.entries()) builder.add(parsePrefix(text)!, row);
        const map = builder.build();
        const asked = [...others, ...rows.map((text) => text.slice(0, text.indexOf('/')))];
        expect(asked.map((text) => map.find(keyOf(text)))).toEqual(asked.map((text) => scan(rows, text)));
      }),
      { numRuns: 300 },
    );
  });

  it('finds single addresses among many, at every place of the search', () => {
    const builder = new PrefixMapBuilder();
    const count = 1000;
    for (let row = 0; row < count; row++) {
      builder.add({ address: row * 4 + 1, length: 32 }, row);
      builder.add(parsePrefix(`2001:db8::${row.toString(16)}:1/128`)!, row);
    }
    const map = builder.build();
    for (let row = 0; row < count; row++) {
      expect([row * 4, row * 4 + 1, row * 4 + 2].map((address) => map.find(address))).toEqual([-1, row, -1]);
      expect(map.find(keyOf(`2001:db8::${row.toString(16)}:1`))).toBe(row);
      expect(map.find(keyOf(`2001:db8::${row.toString(16)}:2`))).toBe(-1);
    }
  });

  it('keeps the families apart and finds nothing where there is nothing', () => {
    const empty = new PrefixMapBuilder().build();
    expect([empty.find(0), empty.find(keyOf('::')), empty.find(keyOf('ffff::'))]).toEqual([-1, -1, -1]);
    const builder = new PrefixMapBuilder();
    builder.add(parsePrefix('0.0.0.0/0')!, 1);
    builder.add(parsePrefix('::/0')!, 2);
    const map = builder.build();
    expect(['0.0.0.0', '255.255.255.255', '::', 'ffff::1'].map((text) => map.find(keyOf(text)))).toEqual([
      1, 1, 2, 2,
    ]);
  });

  it('tells of ranges that were added twice; the first counts', () => {
    const builder = new PrefixMapBuilder();
    for (const [row, text] of ['10.0.0.0/8', '2001:db8::/32', '10.1.2.3/8', '2001:db8:0::/32'].entries()) {
      builder.add(parsePrefix(text)!, row);
    }
    const duplicates: number[][] = [];
    const map = builder.build((value, first) => duplicates.push([value, first]));
    expect(duplicates).toEqual([
      [2, 0],
      [3, 1],
    ]);
    expect([map.find(keyOf('10.9.9.9')), map.find(keyOf('2001:db8::1'))]).toEqual([0, 1]);
  });
});

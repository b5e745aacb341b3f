import { describe, expect, it } from 'vitest';
import { addressText, isIpv4 } from '../../../src/flows/records/address.ts';

describe('addressText', () => {
  it.each([
    ['00000000000000000000ffff0a02071f', '10.2.7.31'],
    ['00000000000000000000ffffffffffff', '255.255.255.255'],
    ['00000000000000000000ffff00000000', '0.0.0.0'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['20010db8000000000000000000000001', '2001:db8::1'],
    // RFC 5952: the longer run of zeros is left out, of equal ones the first, a single one never.
    ['20010000000000010000000000000001', '2001:0:0:1::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8aaaabbbbccccddddeeee0001', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:1'],
    ['00000000000000000001ffff0a02071f', '::1:ffff:a02:71f'],
  ])('writes %s as %s', (hex, text) => {
    const view = viewOf(hex);
    expect(addressText(view, 0)).toBe(text);
    expect(isIpv4(view, 0)).toBe(text.includes('.'));
  });

  it('goes on after more addresses than it remembers', () => {
    const view = new DataView(new ArrayBuffer(16));
    view.setUint32(8, 0xffff);
    const texts = new Set<string>();
    for (let address = 0; address < 20_000; address += 1) {
      view.setUint32(12, address);
      texts.add(addressText(view, 0));
    }
    expect(texts.size).toBe(20_000);
  });
});

function viewOf(hex: string): DataView {
  const bytes = Buffer.from(hex, 'hex');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

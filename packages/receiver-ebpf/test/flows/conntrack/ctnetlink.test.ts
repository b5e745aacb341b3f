import { addressKey, type Connection } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { conntrackRequest, readConntrackEntry } from '../../../src/flows/conntrack/ctnetlink.ts';

const address = (text: string) => addressKey(text) ?? 0;

const IPV4: Connection = {
  transport: 'tcp',
  sourceAddress: address('10.2.7.31'),
  sourcePort: 41022,
  destinationAddress: address('10.96.0.17'),
  destinationPort: 443,
};
const IPV6: Connection = {
  transport: 'udp',
  sourceAddress: address('fd00:1::1f'),
  sourcePort: 41022,
  destinationAddress: address('::1'),
  destinationPort: 53,
};

/** A tuple's attributes of IPv4 and TCP, in hexadecimal. */
const tuple = (type: string, source: string, destination: string, ports: string): string =>
  `34 00 ${type} 80  14 00 01 80  08 00 01 00 ${source}  08 00 02 00 ${destination}` +
  `  1c 00 02 80  05 00 01 00 06 00 00 00  ${ports}`;

const ORIGINAL = tuple(
  '01',
  '0a 02 07 1f',
  '0a 60 00 11',
  '06 00 02 00 a0 3e 00 00  06 00 03 00 01 bb 00 00',
);
const REPLY = tuple('02', '0a 02 09 05', '0a 02 07 1f', '06 00 02 00 20 fb 00 00  06 00 03 00 a0 3e 00 00');
const STATUS = '08 00 03 00 00 00 01 8e';
const ENTRY = `02 00 00 00  ${ORIGINAL}  ${REPLY}  ${STATUS}`;

function viewOf(hex: string): DataView {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function read(hex: string, connection = IPV4): unknown {
  const view = viewOf(hex);
  return readConntrackEntry(view, 0, view.byteLength, connection);
}

describe('the request for a connection', () => {
  it.each([
    ['IPv4', IPV4, `48 00 00 00  01 01  01 00  07 00 00 00  00 00 00 00  02 00 00 00  ${ORIGINAL}`],
    [
      'IPv6',
      IPV6,
      '60 00 00 00  01 01  01 00  07 00 00 00  00 00 00 00  0a 00 00 00  4c 00 01 80  2c 00 01 80' +
        '  14 00 03 00 fd 00 00 01 00 00 00 00 00 00 00 00 00 00 00 1f' +
        '  14 00 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01' +
        '  1c 00 02 80  05 00 01 00 11 00 00 00  06 00 02 00 a0 3e 00 00  06 00 03 00 00 35 00 00',
    ],
  ] as const)('of %s has its tuple', (_, connection, hex) => {
    const request = Buffer.from(conntrackRequest(connection, 7) ?? []).toString('hex');
    expect(request).toBe(hex.replaceAll(' ', ''));
  });

  it.each([
    ['between two families', { ...IPV4, destinationAddress: '::1' }],
    ['to what is no address', { ...IPV6, destinationAddress: 'fe80::xyz' }],
    ['to the old form of IPv6 that ends in an IPv4 address', { ...IPV6, destinationAddress: '::1.2.3.4' }],
  ])('there is none for one %s', (_, connection) => {
    expect(conntrackRequest(connection, 7)).toBeUndefined();
  });
});

describe('an entry', () => {
  it('says where the connection went', () => {
    expect(read(ENTRY)).toEqual({ address: address('10.2.9.5'), port: 8443 });
  });

  it('that was found by its answers is none of the connection', () => {
    const reverse: Connection = {
      transport: 'tcp',
      sourceAddress: address('10.2.9.5'),
      sourcePort: 8443,
      destinationAddress: address('10.2.7.31'),
      destinationPort: 41022,
    };
    expect(read(ENTRY, reverse)).toBeUndefined();
  });

  it.each([
    ['nothing', '02 00 00 00'],
    ['no answer’s tuple', `02 00 00 00  ${ORIGINAL}`],
    ['a tuple without addresses', `02 00 00 00  ${ORIGINAL}  04 00 02 80`],
    [
      'an address of seven bytes',
      `02 00 00 00  ${ORIGINAL}  13 00 02 80  0f 00 01 80  0b 00 01 00 01 02 03 04 05 06 07 00`,
    ],
  ])('with %s says nothing', (_, hex) => {
    expect(read(hex)).toBeUndefined();
  });

  it('that is cut anywhere says where the connection went, or nothing', () => {
    const bytes = ENTRY.replaceAll(' ', '');
    const whole = read(ENTRY);
    for (let length = 0; length < bytes.length; length += 2) {
      expect([undefined, whole]).toContainEqual(read(bytes.slice(0, length)));
    }
  });
});

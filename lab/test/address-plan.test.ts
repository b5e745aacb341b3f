import { expect, it } from 'vitest';
import { AddressPlan } from '../src/address-plan.ts';

it('a pod gets an address that none had before, as long as there is one', () => {
  const plan = new AddressPlan(7);
  const first = plan.takePod(1);
  expect(first).toEqual({ ip: '10.107.1.2', ip6: 'fd00:10:107:1::2' });
  plan.releasePod(first);
  const others = Array.from({ length: 248 }, () => plan.takePod(1).ip);
  expect([others[0], others.at(-1), new Set(others).size]).toEqual(['10.107.1.3', '10.107.1.250', 248]);
  expect(plan.takePod(1)).toEqual(first);
  expect(() => plan.takePod(1)).toThrow('lab: node 1 is full (249 pods). Use more nodes.');
  expect(plan.takePod(2).ip).toBe('10.107.2.2');
});

it.each(['10.107.2.9', '10.107.1.1', '10.107.1.251', '10.107.1.x', '10.108.1.9', ''])(
  'the address "%s" is no pod\'s of node 1',
  (wanted) => {
    expect(() => new AddressPlan(7).takePod(1, wanted)).toThrow(
      `lab: "${wanted}" is no address of a pod on node 1. Use 10.107.1.2 to 250.`,
    );
  },
);

it('a cluster knows its own addresses', () => {
  const plan = new AddressPlan(0);
  const addresses = [
    '10.100.1.2',
    '10.100.250.10',
    'fd00:10:100::1',
    '10.101.1.2',
    'fd00:10:101::1',
    '127.0.0.1',
  ];
  expect(addresses.map((address) => plan.has(address))).toEqual([true, true, true, false, false, false]);
});

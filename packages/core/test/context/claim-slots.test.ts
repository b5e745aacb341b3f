import { expect, test } from 'vitest';
import { ClaimSlots } from '../../src/context/claim-slots.ts';

/** Numbers that look like chance and are the same each time. */
function* chance(): Generator<number, never> {
  for (let state = 12_345; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    yield state >>> 8;
  }
}

test.each([
  ['texts', (number: number) => `pod-${number}`],
  ['small numbers', (number: number) => number - 200],
  ['numbers above 32 bits', (number: number) => number * 0x4_0000 + 2 ** 40],
])('%s are found as in a Map, whatever is added and deleted', (_, keyOf) => {
  const slots = new ClaimSlots<string | number, number>();
  const expected = new Map<string | number, readonly [number, number]>();
  const numbers = chance();
  for (let step = 0; step < 20_000; step++) {
    const key = keyOf(numbers.next().value % 500);
    const slot = slots.find(key);
    expect(slot === -1).toBe(!expected.has(key));
    const from = step % 3 === 0 ? Number.NEGATIVE_INFINITY : step;
    if (slot === -1) slots.add(key, step, from);
    else if (step % 2 === 0) slots.set(slot, step, from);
    else slots.delete(slot);
    if (slot !== -1 && step % 2 === 1) expected.delete(key);
    else expected.set(key, [step, from]);
  }
  expect(slots.size).toBe(expected.size);
  expect(new Set(slots.keys())).toEqual(new Set(expected.keys()));
  for (const [key, held] of expected) {
    const slot = slots.find(key);
    expect([slots.value(slot), slots.from(slot)]).toEqual(held);
  }
});

test('room that is not needed any more is given back, and those that stay are found', () => {
  const slots = new ClaimSlots<number, number>();
  for (let key = 0; key < 10_000; key++) slots.add(key, key, -key);
  const most = slots.capacity;
  for (let key = 0; key < 10_000; key++) if (key % 100 !== 0) slots.delete(slots.find(key));
  expect([slots.size, most > 10_000, slots.capacity < 1000]).toEqual([100, true, true]);
  const kept = [...slots.keys()].sort((a, b) => a - b);
  expect(kept).toEqual(Array.from({ length: 100 }, (_, index) => index * 100));
  for (const key of kept)
    expect([slots.value(slots.find(key)), slots.from(slots.find(key))]).toEqual([key, -key]);
  for (const key of kept) slots.delete(slots.find(key));
  expect([slots.size, slots.capacity < 32, slots.find(0)]).toEqual([0, true, -1]);
});

test('a beginning is kept, and what has none began before all times', () => {
  const slots = new ClaimSlots<string, string>();
  slots.add('id', 'a', Number.NEGATIVE_INFINITY);
  slots.add('address', 'b', 5);
  expect([slots.from(slots.find('id')), slots.from(slots.find('address'))]).toEqual([
    Number.NEGATIVE_INFINITY,
    5,
  ]);
});

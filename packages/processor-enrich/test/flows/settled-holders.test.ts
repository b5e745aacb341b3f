/** Answers that are kept are those that would be found anew, whatever happens in between. */
import { addressKey, Context, type Holder, type Pod } from '@tributary/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AddressHolders } from '../../src/flows/address-holders.ts';
import { SettledHolders } from '../../src/flows/settled-holders.ts';
import { SocketOwner } from '../../src/flows/socket-owner.ts';
import { TestCluster } from './cluster.ts';

const ADDRESSES = ['10.2.1.1', '10.2.1.2', '10.6.1.1', 'fd00::1'].map((text) => addressKey(text)!);
const PODS = 3;

const stepArbitrary = fc.record({
  act: fc.constantFrom('ask', 'ask', 'ask', 'claim', 'release', 'curtail', 'see'),
  address: fc.nat(ADDRESSES.length - 1),
  pod: fc.nat(PODS - 1),
  timeMs: fc.nat(20).map((steps) => steps * 1000),
});

interface Seen {
  readonly address: number;
  readonly owner: SocketOwner;
  readonly timeMs: number;
}

function replay(context: Context, seen: readonly Seen[]): AddressHolders {
  const holders = new AddressHolders(context, 1000);
  for (const { address, owner, timeMs } of seen) holders.note(ADDRESSES[address]!, owner, timeMs, timeMs);
  return holders;
}

test('who is said to hold an address is who is found without anything being kept', () => {
  fc.assert(
    fc.property(fc.array(stepArbitrary, { maxLength: 60, size: 'max' }), (steps) => {
      const context = new Context({ monotonicMs: () => 0 });
      const cluster = new TestCluster(context);
      const pods = Array.from({ length: PODS }, (_, index) => cluster.pod({ name: `pod-${index}` }));
      const holders = new AddressHolders(context, 1000);
      const seen: Seen[] = [];
      const act = (
        step: string,
        address: number,
        pod: Pod,
        timeMs: number,
      ): readonly (Holder | undefined)[] | undefined => {
        const key = ADDRESSES[address]!;
        if (step === 'claim') context.addresses.claim(key, pod, timeMs);
        if (step === 'release') context.addresses.release(key, pod, timeMs);
        if (step === 'curtail') context.addresses.curtail(key, pod, timeMs);
        if (step === 'see') {
          const { uid: podUid } = pod;
          const owner = new SocketOwner({
            podUid,
            containerId: '',
            unit: '',
            userUnit: '',
            hostName: 'node-1',
          });
          seen.push({ address, owner, timeMs });
          holders.note(key, owner, timeMs, timeMs);
        }
        if (step !== 'ask') return undefined;
        return [holders.at(key, timeMs), replay(context, seen).at(key, timeMs)];
      };
      for (const { act: step, address, pod, timeMs } of steps) {
        const [said, found] = act(step, address, pods[pod]!, timeMs) ?? [];
        expect(said?.kind === 'pod' ? said.name : said).toBe(found?.kind === 'pod' ? found.name : found);
      }
    }),
    { numRuns: 1000 },
  );
});

test('an answer is looked for anew now and then, so that no pod is kept that has gone', () => {
  const cluster = new TestCluster();
  const pod = cluster.pod({ name: 'pod', address: '10.2.1.1' }, 0);
  const holders = new AddressHolders(cluster.context, 1000);
  const ask = (): readonly unknown[] => [holders.at(addressKey('10.2.1.1')!, 1000), holders.place >= 0];
  const asked = [ask(), ask()];
  holders.age(10 * 60_000 - 1);
  asked.push(ask());
  holders.age(10 * 60_000);
  asked.push(ask(), ask());
  expect(asked).toEqual([false, true, true, false, true].map((isKept) => [pod, isKept]));
});

test('as many addresses as there are places are kept, and each is found as it was', () => {
  const cluster = new TestCluster();
  const settled = new SettledHolders();
  const pods = Array.from({ length: 50 }, (_, index) => cluster.pod({ name: `pod-${index}` }));
  const addresses = Array.from({ length: 5000 }, (_, index) => 0x0a00_0000 + index);
  for (const turn of [0, 1]) {
    for (const address of addresses) settled.set(address, turn, 7, pods[address % pods.length]!);
  }
  const found = addresses.map((address) => settled.get(settled.placeOf(address), address, 1, 7));
  expect(found).toEqual(addresses.map((address) => pods[address % pods.length]));
  const [first = 0] = addresses;
  const place = settled.placeOf(first);
  expect(settled.get(place, first, 0, 7)).toBeUndefined();
  expect(settled.get(place, first, 1, 6)).toBeUndefined();
  expect(settled.get(place, first + 0x0100_0000, 1, 7)).toBeUndefined();
  settled.forget();
  expect(addresses.filter((address) => settled.get(settled.placeOf(address), address, 1, 7))).toEqual([]);
});

import type { AddressKey, ClaimTable } from '@tributary/core';
import { DELIVERY_MS } from './moment.ts';

/** What holds a key and is known by a uid. */
interface Held {
  readonly uid?: string;
}

/**
 * Claims what one object after the other can have, but never two at once (a name, the address of a Service): for `value` from
 * `fromMs` on, but not before the one that had it earlier had lost it. Returns false if the table is full.
 */
export function claimAfter<K extends string | number, V extends Held>(
  table: ClaimTable<K, V>,
  key: K,
  value: V & { readonly uid: string },
  fromMs: number,
): boolean {
  let from = fromMs;
  for (const earlier of table.claimsOf(key)) {
    if (earlier.to === Number.POSITIVE_INFINITY || earlier.value === value) continue;
    // What is seen again after it was lost from sight is one and the same.
    const until = earlier.value.uid === value.uid ? earlier.to : earlier.to - DELIVERY_MS;
    if (until > from) from = until;
  }
  return table.claim(key, value, from);
}

/**
 * Claims an id, which is never handed on: for all times, or, where an object with it was lost from sight and is seen again, since
 * then. Returns false if the table is full.
 */
export function claimId<V>(table: ClaimTable<string, V>, id: string, value: V): boolean {
  let from = Number.NEGATIVE_INFINITY;
  for (const { to } of table.claimsOf(id)) if (to !== Number.POSITIVE_INFINITY && to > from) from = to;
  return table.claim(id, value, from);
}

/** Whether an address can be one object's alone: not loopback, link-local of IPv6, multicast or none at all. */
export function isUsableAddress(key: AddressKey): boolean {
  if (typeof key === 'string') {
    return key !== '::' && key !== '::1' && !key.startsWith('ff') && !/^fe[89ab]/.test(key);
  }
  const first = key >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

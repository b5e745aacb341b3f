/** Facts about ranges of addresses: of those that held at a time, the one with the longest prefix is the answer. */
import { type AddressKey, addressKey, addressText } from './address-key.ts';
import { type Claim, type ClaimCounts, ClaimTable, type ClaimTableOptions } from './claim-table.ts';

/** An address range in its one form: `10.2.0.0/16`, the bits after the prefix zero. */
export interface Prefix {
  readonly address: AddressKey;
  /** 0 to 32, or to 128. */
  readonly length: number;
}

/** Reads `10.2.0.0/16`, `2001:db8::/32`, or one address. Bits after the prefix are ignored. Undefined if it is neither. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const key = addressKey(slash === -1 ? text : text.slice(0, slash));
  if (key === undefined) return undefined;
  const bits = typeof key === 'number' ? 32 : 128;
  const digits = slash === -1 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits)) return undefined;
  // A prefix of a v4-mapped address counts its 96 bits too.
  const isMapped = bits === 32 && slash !== -1 && text.includes(':');
  const length = Number(digits) - (isMapped ? 96 : 0);
  if (length < 0 || length > bits) return undefined;
  return { address: maskAddress(key, length), length };
}

/** The address with the bits after the prefix zero. */
export function maskAddress(key: AddressKey, length: number): AddressKey {
  if (typeof key === 'number') return length === 0 ? 0 : key & (-1 << (32 - length));
  const groups = ipv6Groups(key);
  for (let group = 0; group < 8; group++) {
    const bits = Math.min(16, Math.max(0, length - group * 16));
    groups[group]! &= (0xffff << (16 - bits)) & 0xffff;
  }
  return ipv6KeyOf(groups);
}

/** The eight groups of an IPv6 key. */
export function ipv6Groups(key: string): number[] {
  const [head = '', tail] = key.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array<string>(8 - first.length - last.length).fill('0');
  return [...first, ...zeros, ...last].map((group) => Number.parseInt(group, 16));
}

/** Ranges with what is known of them, and since when. For tables of millions of ranges that never change there is `PrefixMap`. */
export class RangeTable<V> {
  readonly #claims: ClaimTable<string, V>;
  /** How many claims there have been of each length, the longest first. */
  readonly #lengths4 = new Set<number>();
  readonly #lengths6 = new Set<number>();
  #sorted4: readonly number[] = [];
  #sorted6: readonly number[] = [];

  constructor(options: ClaimTableOptions) {
    this.#claims = new ClaimTable(options);
  }

  get counts(): ClaimCounts {
    return this.#claims.counts;
  }

  /** See `ClaimTable.claim`. */
  claim(prefix: Prefix, value: V, from: number): boolean {
    if (typeof prefix.address === 'number') {
      this.#lengths4.add(prefix.length);
      if (this.#lengths4.size !== this.#sorted4.length) this.#sorted4 = sorted(this.#lengths4);
    } else {
      this.#lengths6.add(prefix.length);
      if (this.#lengths6.size !== this.#sorted6.length) this.#sorted6 = sorted(this.#lengths6);
    }
    return this.#claims.claim(claimKey(prefix.address, prefix.length), value, from);
  }

  /** See `ClaimTable.release`. */
  release(prefix: Prefix, value: V, to: number): void {
    this.#claims.release(claimKey(prefix.address, prefix.length), value, to);
  }

  /** All that is known of the ranges around an address, the smallest range first. */
  claimsAround(
    address: AddressKey,
  ): readonly { readonly prefix: Prefix; readonly claims: readonly Claim<V>[] }[] {
    const lengths = typeof address === 'number' ? this.#sorted4 : this.#sorted6;
    return lengths.flatMap((length) => {
      const prefix = { address: maskAddress(address, length), length };
      const claims = this.#claims.claimsOf(claimKey(prefix.address, length));
      return claims.length === 0 ? [] : [{ prefix, claims }];
    });
  }

  /** What was known at `time` of the smallest range around an address. */
  at(address: AddressKey, time: number): V | undefined {
    for (const length of typeof address === 'number' ? this.#sorted4 : this.#sorted6) {
      const value = this.#claims.at(claimKey(maskAddress(address, length), length), time);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

function sorted(lengths: ReadonlySet<number>): readonly number[] {
  return [...lengths].sort((left, right) => right - left);
}

function claimKey(address: AddressKey, length: number): string {
  return `${address}/${length}`;
}

function ipv6KeyOf(groups: readonly number[]): AddressKey {
  return addressKey(groups.map((group) => group.toString(16)).join(':')) ?? addressText(0);
}

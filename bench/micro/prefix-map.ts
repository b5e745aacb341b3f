/**
 * A table of a million address ranges: how long it takes to build, how large it is, and nanoseconds a look-up of addresses in
 * random order, half of them in a range: `node bench/micro/prefix-map.ts`.
 */
import { type AddressKey, addressKey, type Prefix, PrefixMapBuilder, parsePrefix } from '@tributary/core';
import { nanosecondsPerCall } from './measure.ts';

const RANGES = 1_000_000;
const TARGET_NS = 1000;
const TARGET_MIB = 100;
/** As many addresses as a node talks to; of more, most of the time goes to fetching the texts of the addresses. */
const LOOKUPS = 10_000;

/** The same numbers in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
}

const next = random(1);

function ipv6Text(): string {
  const groups = [0x2000 + (next() % 4096), next() & 0xffff, next() & 0xffff, next() & 0xff];
  return `${groups.map((group) => group.toString(16)).join(':')}::`;
}

const FAMILIES: Readonly<Record<string, { range: () => Prefix; address: (range: Prefix) => AddressKey }>> = {
  ipv4: {
    range: () => ({ address: (next() << 4) & -16, length: 28 - (next() % 6) }),
    address: (range) => (next() % 2 === 0 ? (range.address as number) : next() | 0),
  },
  ipv6: {
    range: () => parsePrefix(`${ipv6Text()}/${64 - (next() % 17)}`)!,
    address: (range) => (next() % 2 === 0 ? range.address : addressKey(`${ipv6Text()}1`)!),
  },
};

for (const [family, { range, address }] of Object.entries(FAMILIES)) {
  const ranges = Array.from({ length: RANGES }, range);
  const start = performance.now();
  const builder = new PrefixMapBuilder();
  for (const [row, prefix] of ranges.entries()) builder.add(prefix, row);
  const map = builder.build();
  const ms = performance.now() - start;
  const asked = Array.from({ length: LOOKUPS }, (_, index) => address(ranges[(index * 7919) % RANGES]!));
  let found = 0;
  const nanoseconds =
    nanosecondsPerCall(() => {
      found = 0;
      for (const each of asked) if (map.find(each) >= 0) found++;
    }) / LOOKUPS;
  const mib = map.byteLength / 2 ** 20;
  console.log(
    `${family}: ${RANGES} ranges built in ${ms.toFixed(0)} ms, ${mib.toFixed(0)} MiB (${(TARGET_MIB / mib).toFixed(1)} times below ` +
      `${TARGET_MIB}), ${nanoseconds.toFixed(0)} ns a look-up (${(TARGET_NS / nanoseconds).toFixed(1)} times below ${TARGET_NS}), ` +
      `${Math.round((100 * found) / LOOKUPS)} % found`,
  );
}

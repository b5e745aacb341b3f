/**
 * A business table of a million address ranges, each with a name of its own, as CSV: how long it takes to read, how large it is,
 * and nanoseconds for what a row adds: `node --expose-gc bench/micro/business-table.ts`.
 */
import { type AddressKey, addressKey, exposedGc } from '@tributary/core';
import { tablesConfigSchema } from '../../packages/processor-enrich/src/tables/config.ts';
import { readRows } from '../../packages/processor-enrich/src/tables/read-rows.ts';
import { Table } from '../../packages/processor-enrich/src/tables/table.ts';
import { nanosecondsPerCall } from './measure.ts';

const ROWS = 1_000_000;
const TARGET_NS = 1000;
const TARGET_MIB = 100;
/** Addresses that are asked for, as many as a node talks to. */
const LOOKUPS = 10_000;

const gc = exposedGc();
const usedMib = (): number => {
  for (let round = 0; round < 3; round++) gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
};

const [config] = tablesConfigSchema.parse([
  {
    name: 'ipam',
    file: { path: 'ipam.csv' },
    match: { cidr: 'prefix' },
    attributes: { 'network.name': 'name', 'network.site': 'site', 'owner.team': 'team' },
  },
]);

function* lines(): Iterable<string> {
  yield 'prefix,name,site,team\n';
  for (let row = 0; row < ROWS; row++) {
    const prefix = `${10 + (row >>> 16)}.${(row >>> 8) & 255}.${row & 255}.0/24`;
    yield `${prefix},network-${row},site-${row % 100},team-${row % 1000}\n`;
  }
}

const before = usedMib();
const start = process.cpuUsage();
const table = await Table.build(
  readRows([...lines()].join(''), {
    format: 'csv',
    delimiter: ',',
    rows: undefined,
    columns: ['prefix', 'name', 'site', 'team'],
  }),
  config!,
);
const { user, system } = process.cpuUsage(start);
const seconds = (user + system) / 1e6;
const mib = usedMib() - before;

const asked: AddressKey[] = [];
for (let index = 0; index < LOOKUPS; index++) {
  const row = (index * 7919) % ROWS;
  asked.push(addressKey(`${10 + (row >>> 16)}.${(row >>> 8) & 255}.${row & 255}.17`)!);
}
let found = 0;
const nanoseconds =
  nanosecondsPerCall(() => {
    found = 0;
    for (const address of asked) if (table.ofAddress(address) !== undefined) found++;
  }) / LOOKUPS;
console.log(
  `${table.counts.used} rows read in ${seconds.toFixed(1)} s of CPU time, ${(table.byteLength / 2 ** 20).toFixed(0)} MiB by count and ` +
    `${mib.toFixed(0)} MiB by the process${gc === undefined ? ' (without --expose-gc)' : ''}, ${(TARGET_MIB / mib).toFixed(1)} times below ${TARGET_MIB}; ` +
    `${nanoseconds.toFixed(0)} ns a look-up, ${(TARGET_NS / nanoseconds).toFixed(1)} times below ${TARGET_NS}, ${found} of ${LOOKUPS} found`,
);

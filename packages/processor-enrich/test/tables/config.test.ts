import { expect, it } from 'vitest';
import { tablesConfigSchema, validateTables } from '../../src/tables/config.ts';

function problemsOf(...blocks: unknown[]): string[] {
  return validateTables(tablesConfigSchema.parse(blocks)).map(
    ({ path, message }) => `${path.join('::')}: ${message}`,
  );
}

const GOOD = {
  name: 'a',
  file: { path: 'a.csv' },
  match: { cidr: 'prefix' },
  attributes: { 'owner.team': 'team' },
};

it('the defaults of a table are as documented', () => {
  expect(
    tablesConfigSchema.parse([
      GOOD,
      { ...GOOD, file: undefined, http: { endpoint: 'https://x.example/t.json' } },
    ]),
  ).toEqual([
    {
      ...GOOD,
      file: { path: 'a.csv', interval: 5000 },
      delimiter: ',',
      match: { cidr: 'prefix', labels: {}, attributes: {} },
      max_rows: 1_000_000,
      max_size_bytes: 268_435_456,
    },
    {
      ...GOOD,
      file: undefined,
      http: { endpoint: 'https://x.example/t.json', interval: 300_000, timeout: 10_000, headers: {} },
      delimiter: ',',
      match: { cidr: 'prefix', labels: {}, attributes: {} },
      max_rows: 1_000_000,
      max_size_bytes: 268_435_456,
    },
  ]);
  expect(problemsOf(GOOD)).toEqual([]);
});

it('every problem of a table is named', () => {
  expect(
    problemsOf(
      GOOD,
      GOOD,
      { ...GOOD, name: 'b', http: { endpoint: 'https://x.example' } },
      { ...GOOD, name: 'c', file: { path: 'export' }, match: {} },
      { ...GOOD, name: 'd', rows: 'data', match: { cidr: 'prefix', namespace: 'ns' }, attributes: {} },
      {
        ...GOOD,
        name: 'e',
        match: { labels: Object.fromEntries(Array.from({ length: 31 }, (_, index) => [`l${index}`, 'c'])) },
      },
    ),
  ).toEqual([
    'tables::1::name: is that of another table (found "a"). Choose another.',
    'tables::2: must have either file or http (found both).',
    'tables::3::format: is not told by the ending of the name. Set it to csv, json or yaml.',
    'tables::3::match: is empty. Name at least one column that says whom a row is about.',
    'tables::4::rows: is for json and yaml alone (found csv). Remove it.',
    'tables::4::match::cidr: stands alone: an address says nothing else. Make two tables of it.',
    'tables::4::attributes: is empty. Name at least one attribute and its column.',
    'tables::5::match: names too many columns (found 31). Name at most 30.',
  ]);
});

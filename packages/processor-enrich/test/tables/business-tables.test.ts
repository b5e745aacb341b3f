import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { end, startTables } from './tables.ts';

const IPAM = {
  name: 'ipam',
  file: { path: 'ipam.csv', interval: '100ms' },
  match: { cidr: 'prefix' },
  attributes: { 'network.name': 'name', 'cloud.region': 'region' },
};
const OWNERS = {
  name: 'owners',
  file: { path: 'owners.csv' },
  match: { namespace: 'namespace', workload: 'workload' },
  attributes: { 'owner.team': 'team' },
};

describe('tables by address', () => {
  it('add what the row of the smallest range says', async () => {
    const { ofAddress } = await startTables([IPAM], {
      'ipam.csv': [
        'region,prefix,name,comment',
        'eu,10.0.0.0/8,all,x',
        ',10.2.0.0/16,"offices, upstairs",',
        'us,2001:db8::/32,six,',
        'eu,192.0.2.7,printer,',
      ].join('\n'),
    });
    expect(
      ['10.9.9.9', '10.2.3.4', '2001:db8::1', '192.0.2.7', '192.0.2.8', '8.8.8.8'].map(ofAddress),
    ).toEqual([
      { 'network.name': 'all', 'cloud.region': 'eu' },
      { 'network.name': 'offices, upstairs' },
      { 'network.name': 'six', 'cloud.region': 'us' },
      { 'network.name': 'printer', 'cloud.region': 'eu' },
      undefined,
      undefined,
    ]);
  });

  it('give the same object for the same rows, also for those of several tables', async () => {
    const clouds = {
      ...IPAM,
      name: 'clouds',
      file: { path: 'clouds.json' },
      rows: 'data.prefixes',
      match: { cidr: 'properties.ranges' },
      attributes: { 'cloud.region': 'region', 'cloud.provider': 'properties.provider' },
    };
    const { ofAddress } = await startTables([clouds, IPAM], {
      'ipam.csv': 'prefix,name,region\n10.0.0.0/8,all,here\n10.0.0.0/16,other,here\n',
      'clouds.json': JSON.stringify({
        data: {
          prefixes: [
            { region: 'eu-1', properties: { provider: 'x', ranges: ['10.1.0.0/16', '11.0.0.0/8'] } },
          ],
        },
      }),
    });
    expect(ofAddress('10.1.2.3')).toEqual({
      'cloud.region': 'eu-1',
      'cloud.provider': 'x',
      'network.name': 'all',
    });
    expect(ofAddress('11.1.2.3')).toEqual({ 'cloud.region': 'eu-1', 'cloud.provider': 'x' });
    expect(ofAddress('10.1.9.9')).toBe(ofAddress('10.1.2.3'));
    expect(ofAddress('10.7.9.9')).toBe(ofAddress('10.99.2.3'));
    expect(ofAddress('10.0.9.9')).not.toBe(ofAddress('10.99.2.3'));
  });
});

describe('tables by who it is', () => {
  it('add what the row says that has most in common with the end', async () => {
    const { tables } = await startTables([OWNERS], {
      'owners.csv': [
        'namespace,workload,team',
        'shop,,shop-all',
        'shop,checkout,checkout',
        'shop,StatefulSet/checkout,checkout-state',
        ',checkout,anywhere',
      ].join('\n'),
    });
    const team = (namespace: string | undefined, kind: string, name: string): unknown =>
      tables.ofIdentity(end({ namespace, workload: { kind, name } }))?.['owner.team'];
    expect([
      team('shop', 'Deployment', 'cart'),
      team('shop', 'Deployment', 'checkout'),
      team('shop', 'StatefulSet', 'checkout'),
      team('blog', 'Deployment', 'checkout'),
      team(undefined, 'Deployment', 'checkout'),
      team('blog', 'Deployment', 'cart'),
    ]).toEqual(['shop-all', 'checkout', 'checkout-state', 'anywhere', 'anywhere', undefined]);
  });

  it('match labels, of the thing before its namespace, attributes and DNS names', async () => {
    const { tables } = await startTables(
      [
        {
          name: 'customers',
          file: { path: 'customers.yaml' },
          rows: 'customers',
          match: {
            labels: { customer: 'id' },
            attributes: { 'cloud.region': 'region' },
            dns_name: 'domains',
          },
          attributes: { 'customer.tier': 'tier', 'customer.seats': 'seats' },
        },
      ],
      {
        'customers.yaml': `
customers:
  - { id: acme, tier: gold, seats: 12 }
  - { id: umbrella, tier: bronze }
  - { region: eu, tier: region }
  - { domains: [ "*.example.com", exact.example.net ], tier: dns }
  - { domains: .deep.example.com, tier: deeper }
`,
      },
    );
    const tier = (facts: Parameters<typeof end>[0]): unknown => tables.ofIdentity(end(facts));
    expect([
      tier({ labels: ['customer', 'acme'], namespaceLabels: ['customer', 'umbrella'] }),
      tier({ namespaceLabels: ['customer', 'umbrella'] }),
      tier({ attributes: { 'cloud.region': 'eu' } }),
      tier({ dnsName: 'A.Example.com.' }),
      tier({ dnsName: 'a.deep.example.com' }),
      tier({ dnsName: 'exact.example.net' }),
      tier({ dnsName: 'example.com' }),
      tier({ dnsName: 'not.exact.example.net' }),
      tier({ attributes: { 'cloud.region': ['eu'] } }),
      tier({}),
    ]).toEqual([
      { 'customer.tier': 'gold', 'customer.seats': 12 },
      { 'customer.tier': 'bronze' },
      { 'customer.tier': 'region' },
      { 'customer.tier': 'dns' },
      { 'customer.tier': 'deeper' },
      { 'customer.tier': 'dns' },
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('let the first table say what several know', async () => {
    const more = {
      ...OWNERS,
      name: 'more',
      file: { path: 'more.csv' },
      attributes: { 'owner.team': 'team', 'owner.cost_center': 'cost' },
    };
    const { tables } = await startTables([OWNERS, more], {
      'owners.csv': 'namespace,workload,team\nshop,,first\n',
      'more.csv': 'namespace,workload,team,cost\nshop,,second,4711\nblog,,third,\n',
    });
    expect(tables.ofIdentity(end({ namespace: 'shop' }))).toEqual({
      'owner.team': 'first',
      'owner.cost_center': '4711',
    });
    expect(tables.ofIdentity(end({ namespace: 'blog' }))).toEqual({ 'owner.team': 'third' });
  });
});

describe('broken rows', () => {
  const problems = (logs: readonly { fields: Readonly<Record<string, unknown>> }[]): unknown[] =>
    logs.flatMap(({ fields }) => (fields.problem === undefined ? [] : [fields.problem]));

  it('of CSV are named by their lines, and the rest is used', async () => {
    const { ofAddress, settings } = await startTables([IPAM], {
      'ipam.csv': [
        'prefix,name,region',
        '10.0.0.0/8,ten,eu',
        '10.0.0.0/33,x,eu',
        ',x,eu',
        '"two\nlines",x,eu',
        '11.0.0.0/8,x',
        `12.0.0.0/8,${'x'.repeat(1025)},eu`,
        '13.0.0.0/8,a"b"c,eu',
        '10.0.0.1/8,again,eu',
        '14.0.0.0/8,fourteen,eu',
      ].join('\n'),
    });
    expect(problems(settings.logs).sort()).toEqual([
      'line 3: "prefix" is no address range (found "10.0.0.0/33")',
      'line 4: "prefix" is empty',
      'line 6: "prefix" is no address range (found "two\\nlines")',
      'line 7: it has 2 columns, the first line 3',
      'line 8: "name" has 1025 characters, more than 1024',
      expect.stringMatching(/^line 9: Invalid Opening Quote/),
    ]);
    expect(ofAddress('10.1.1.1')).toEqual({ 'network.name': 'ten', 'cloud.region': 'eu' });
    expect(ofAddress('14.1.1.1')).toEqual({ 'network.name': 'fourteen', 'cloud.region': 'eu' });
    const rows = (state: string) =>
      settings.registry.snapshot()[
        `otelcol_processor_enrich_table_rows{processor="enrich",state="${state}",table="ipam"}`
      ];
    expect([rows('used'), rows('broken'), rows('duplicate')]).toEqual([3, 6, 1]);
  });

  it('of JSON and YAML are named by their lines too', async () => {
    const table = { ...OWNERS, rows: 'list' };
    const json = await startTables([{ ...table, file: { path: 'owners.json' } }], {
      'owners.json':
        '{"list": [\n  {"namespace": "shop", "team": {"a": 1}},\n  7,\n  {"team": "x"},\n  {"namespace": "a", "team": "b"}\n]}',
    });
    expect(problems(json.settings.logs)).toEqual([
      'line 2: "team" is neither a text nor a number',
      'line 3: it is no object',
      'line 4: it says nothing of whom it is about',
    ]);
    const yaml = await startTables([{ ...table, file: { path: 'owners.yml' } }], {
      'owners.yml': 'list:\n- namespace: shop\n  team: {a: 1}\n- 7\n- team: x\n- {namespace: a, team: b}\n',
    });
    expect(problems(yaml.settings.logs)).toEqual([
      'line 2: "team" is neither a text nor a number',
      'line 4: it is no object',
      'line 5: it says nothing of whom it is about',
    ]);
    expect(yaml.tables.ofIdentity(end({ namespace: 'a' }))).toEqual({ 'owner.team': 'b' });
  });

  it('beyond max_rows are counted', async () => {
    const { ofAddress, settings } = await startTables([{ ...IPAM, max_rows: 1 }], {
      'ipam.csv': 'prefix,name,region\n10.0.0.0/8,a,b\n11.0.0.0/8,a,b\n',
    });
    expect([ofAddress('10.0.0.1'), ofAddress('11.0.0.1')]).toEqual([
      { 'network.name': 'a', 'cloud.region': 'b' },
      undefined,
    ]);
    expect(settings.logs.map(({ message }) => message)).toContain('a table has too many rows');
  });
});

describe('a table file', () => {
  const write = (dir: string, text: string): void => {
    // Swapped as a whole, as a ConfigMap is.
    writeFileSync(path.join(dir, 'next'), text);
    renameSync(path.join(dir, 'next'), path.join(dir, 'ipam.csv'));
  };

  it('is swapped when it changes, and the last good one is kept when the new one is of no use', async () => {
    const { ofAddress, settings, tables, dir } = await startTables([IPAM], {
      'ipam.csv': 'prefix,name,region\n10.0.0.0/8,one,eu\n',
    });
    const name = (): unknown => ofAddress('10.1.1.1')?.['network.name'];
    expect([name(), tables.revision]).toEqual(['one', 1]);
    write(dir, 'prefix,name,region\n10.0.0.0/8,two,eu\n');
    await vi.waitUntil(() => name() === 'two', { timeout: 10_000 });
    expect(tables.revision).toBe(2);

    const bad: [string, string][] = [
      [
        '<html><body>login</body></html>',
        'it has no column "prefix". Name the columns as its first line does',
      ],
      [
        'Prefix,name,region\n',
        'it has no column "prefix", but "Prefix". Name the columns as its first line does',
      ],
      ['', 'it is empty. Its first line must name the columns'],
      [
        'prefix,name,region\nx,y,z\n',
        'none of its 1 rows is of use (line 2: "prefix" is no address range (found "x"))',
      ],
    ];
    for (const [text, problem] of bad) {
      write(dir, text);
      const expected = `enrich: table ipam: ${problem}; the last good one stays.`;
      await vi.waitUntil(() => settings.reported.at(-1)?.error?.message === expected, { timeout: 10_000 });
      expect([name(), settings.reported.at(-1)?.status]).toEqual(['two', 'recoverable_error']);
    }
    rmSync(path.join(dir, 'ipam.csv'));
    await vi.waitUntil(() => /cannot be read \(ENOENT/.test(settings.reported.at(-1)?.error?.message ?? ''), {
      timeout: 10_000,
    });
    write(dir, 'prefix,name,region\n10.0.0.0/8,three,eu\n');
    await vi.waitUntil(() => name() === 'three' && settings.reported.at(-1)?.status === 'ok', {
      timeout: 10_000,
    });
    const snapshot = settings.registry.snapshot();
    expect(
      snapshot['otelcol_processor_enrich_table_loads{outcome="loaded",processor="enrich",table="ipam"}'],
    ).toBe(3);
  });

  it('that is not there does not keep the processor from starting', async () => {
    const { ofAddress, settings, dir } = await startTables([IPAM]);
    expect(ofAddress('10.1.1.1')).toBe(undefined);
    expect(settings.reported.map(({ status }) => status)).toEqual(['recoverable_error']);
    write(dir, 'prefix,name,region\n10.0.0.0/8,one,eu\n');
    await vi.waitUntil(() => ofAddress('10.1.1.1') !== undefined, { timeout: 10_000 });
  });

  it('that is too large is not read', async () => {
    const { settings } = await startTables([{ ...IPAM, max_size_bytes: 10 }], {
      'ipam.csv': 'prefix,name,region\n',
    });
    expect(settings.reported.at(-1)?.error?.message).toBe(
      'enrich: table ipam: it is larger than max_size_bytes (10); there is none.',
    );
  });

  it('that is YAML and would stop all other work is not read', async () => {
    const { settings } = await startTables([{ ...IPAM, file: { path: 'ipam.yaml' } }], {
      'ipam.yaml': `- prefix: 10.0.0.0/8\n${'#'.repeat(2 * 1024 * 1024)}`,
    });
    expect(settings.reported.at(-1)?.error?.message).toBe(
      'enrich: table ipam: it has 2097173 characters, more than YAML may have (2097152). Write it as CSV or JSON; there is none.',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { ebpfConfigSchema } from '../src/config.ts';
import { NO_LOSS_REASONS } from '../src/drops/no-loss-reasons.ts';

describe('the settings of the ebpf receiver', () => {
  it('have defaults that work', () => {
    expect(ebpfConfigSchema.parse({})).toEqual({});
    expect(ebpfConfigSchema.parse({ flows: {} })).toEqual({
      flows: {
        source: 'auto',
        interval: 10_000,
        idle_interval: 300_000,
        ring_buffer_bytes: 4_194_304,
        conntrack: { enabled: true, network_namespaces: [] },
      },
    });
  });

  it('report UDP flows if these are named', () => {
    expect(ebpfConfigSchema.parse({ flows: { udp: {} } }).flows?.udp).toEqual({
      enabled: true,
      idle_timeout: 60_000,
      max_peers: 65_536,
    });
  });

  it('of drops leave out what is no loss', () => {
    expect(ebpfConfigSchema.parse({ drops: {} })).toEqual({
      drops: { interval: 10_000, exclude_reasons: [...NO_LOSS_REASONS], max_series: 8192 },
    });
  });

  it('of drops take reasons as the metric has them', () => {
    const { error } = ebpfConfigSchema.safeParse({ drops: { exclude_reasons: ['NETFILTER_DROP'] } });
    expect(error?.issues.map(({ message }) => message)).toEqual([
      'expected a reason as `network.drop.reason` has it, such as netfilter_drop',
    ]);
  });

  it('leave arguments out unless they are asked for', () => {
    expect(ebpfConfigSchema.parse({ processes: {} })).toEqual({
      processes: { arguments: false, argument_bytes: 1024, ring_buffer_bytes: 4_194_304 },
    });
  });

  it('have defaults for resources', () => {
    expect(ebpfConfigSchema.parse({ resources: {} })).toEqual({
      resources: { interval: 30_000, units: false, max_cgroups: 2000 },
    });
  });

  it('take durations and sizes', () => {
    const flows = {
      interval: '1m30s',
      idle_interval: '0s',
      ring_buffer_bytes: 131_072,
      conntrack: { enabled: false, network_namespaces: ['/run/netns/node-1'] },
      udp: { enabled: false, idle_timeout: '5s', max_peers: 2000 },
    };
    expect(ebpfConfigSchema.parse({ flows })).toEqual({
      flows: {
        source: 'auto',
        interval: 90_000,
        idle_interval: 0,
        ring_buffer_bytes: 131_072,
        conntrack: { enabled: false, network_namespaces: ['/run/netns/node-1'] },
        udp: { enabled: false, idle_timeout: 5000, max_peers: 2000 },
      },
    });
  });

  it.each([
    ['an interval that is too short', { interval: '10ms' }, 'expected a duration of at least 100ms'],
    [
      'a number without a unit',
      { interval: 10 },
      'expected a duration with a unit, such as "10s", "200ms" or "1m30s"',
    ],
    [
      'a size that is no power of two',
      { ring_buffer_bytes: 4_000_000 },
      'expected a power of two, such as 4194304',
    ],
    ['a size below a page', { ring_buffer_bytes: 4096 }, 'Too small: expected number to be >=131072'],
    ['an unknown key', { intervall: '10s' }, 'Unrecognized key: "intervall"'],
  ])('refuse %s', (_, flows, message) => {
    const { error } = ebpfConfigSchema.safeParse({ flows });
    expect(error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});

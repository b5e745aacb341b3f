import { describe, expect, it } from 'vitest';
import { DropReasons } from '../../src/drops/drop-reasons.ts';

/** The enums of a kernel that has other numbers than this one. */
const ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  skb_drop_reason: {
    SKB_NOT_DROPPED_YET: 0,
    SKB_CONSUMED: 1,
    SKB_DROP_REASON_NOT_SPECIFIED: 2,
    SKB_DROP_REASON_NETFILTER_DROP: 7,
    SKB_DROP_REASON_TCP_RFC7323_PAWS: 31,
    SKB_DROP_REASON_MAX: 75,
    SKB_DROP_REASON_SUBSYS_MASK: -65536,
  },
  skb_drop_reason_subsys: {
    SKB_DROP_REASON_SUBSYS_CORE: 0,
    SKB_DROP_REASON_SUBSYS_MAC80211_UNUSABLE: 1,
    SKB_DROP_REASON_SUBSYS_MAC80211_MONITOR: 2,
    SKB_DROP_REASON_SUBSYS_OPENVSWITCH: 3,
    SKB_DROP_REASON_SUBSYS_NUM: 4,
  },
};

const reasons = new DropReasons({ findEnum: (name) => ENUMS[name] });

describe('DropReasons', () => {
  it.each([
    [1, 'consumed'],
    [7, 'netfilter_drop'],
    [31, 'tcp_rfc7323_paws'],
    [75, 'reason_75'],
    [0x1_0004, 'mac80211_unusable_4'],
    [0x3_0007, 'openvswitch_7'],
    [0x9_0001, 'subsystem_9_1'],
    [0xffff_0000, 'subsystem_65535_0'],
  ])('names %i %s', (reason, name) => {
    expect(reasons.nameOf(reason)).toBe(name);
  });

  it('finds what is left out, whole subsystems too, and tells what this kernel does not have', () => {
    expect(reasons.leftOut(['not_specified', 'mac80211_monitor', 'tcp_old_data', 'openvswitch_7'])).toEqual({
      entries: [2, 514],
      unknown: ['tcp_old_data', 'openvswitch_7'],
    });
  });

  it('knows no subsystems of a kernel that has none', () => {
    const { skb_drop_reason } = ENUMS;
    const old = new DropReasons({
      findEnum: (name) => (name === 'skb_drop_reason' ? skb_drop_reason : undefined),
    });
    expect(old.nameOf(7)).toBe('netfilter_drop');
  });

  it('cannot be made on a kernel that says no reasons', () => {
    expect(() => new DropReasons({ findEnum: () => undefined })).toThrow(
      'drops: this kernel does not say why it drops a packet (/sys/kernel/btf/vmlinux has no enum skb_drop_reason). ' +
        'Use Linux 5.17 or newer.',
    );
  });
});

/**
 * Reasons of the kernel's `enum skb_drop_reason` that tell of no packet that anybody misses, by our names of them. The
 * meaning of each is in include/net/dropreason-core.h, why it is no loss in docs/drops.md. Not every kernel has all.
 */
export const NO_LOSS_REASONS = [
  // It was no drop, or nobody said what it was.
  'not_dropped_yet',
  'consumed',
  'not_specified',
  'queue_purge',
  // A copy for a tool that watches, or a frame that the interface saw and that was for somebody else.
  'socket_filter',
  'packet_sock_error',
  'otherhost',
  'tap_txfilter',
  'ipv6_ndisc_ns_otherhost',
  'unhandled_proto',
  'mac_ieee_mac_control',
  'mac80211_monitor',
  // What it carried had come before.
  'dup_frag',
  'tcp_old_data',
  'tcp_old_sequence',
  'tcp_old_ack',
  'tcp_rfc7323_paws_ack',
  'tcp_ofomerge',
  'tcp_ofo_drop',
  // Between processes of one machine, over no network.
  'unix_disconnect',
  'unix_skip_oob',
] as const;

import type { ProgramCounter } from '@tributary/bpf';
import type { UDP_COUNTERS } from '../../generated/udp-layout.ts';
import type { Losses } from '../../losses.ts';

/** What the kernel programs of UDP count, by the names of `struct udp_counters`, and what the kernel counts of them. */
export type UdpCounter = ProgramCounter<typeof UDP_COUNTERS>;

/** Ways of losing something, which are exported with the prefix `udp_`. */
const LOSSES = [
  'ring_buffer_full',
  'storage_refused',
  'peers_full',
  'after_close',
  'unreadable_headers',
  'asked_overwritten',
  'asked_refused',
  'missed_events',
] as const satisfies readonly UdpCounter[];

/** Exports what `counters` says was lost. */
export function observeUdpLosses(losses: Losses, counters: () => Readonly<Record<UdpCounter, number>>): void {
  for (const reason of LOSSES) losses.observe(`udp_${reason}`, () => counters()[reason]);
}

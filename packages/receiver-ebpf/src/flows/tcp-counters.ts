import type { ProgramCounter } from '@tributary/bpf';
import type { ComponentTelemetry } from '@tributary/core';
import type { TCP_COUNTERS } from '../generated/tcp-layout.ts';
import type { Losses } from '../losses.ts';

/** What the kernel programs of TCP count, by the names of `struct tcp_counters`, and what the kernel counts of them. */
export type TcpCounter = ProgramCounter<typeof TCP_COUNTERS>;

/** Ways of losing something, as `reason` of the metric. */
const LOSSES = [
  'ring_buffer_full',
  'storage_refused',
  'young_full',
  'unknown_ended',
  'asked_overwritten',
  'asked_full',
  'missed_events',
] as const satisfies readonly TcpCounter[];

/** The values of the metric of RSTs, by attributes `direction` and `connection`. */
const RESETS = [
  ['sent', 'known', 'resets_sent'],
  ['sent', 'unknown', 'resets_sent_unknown'],
  ['received', 'known', 'resets_received'],
] as const satisfies readonly (readonly [string, string, TcpCounter])[];

/** Exports what `counters` says was lost, and what TCP of the whole machine counts. */
export function observeTcpCounters(
  telemetry: ComponentTelemetry,
  losses: Losses,
  counters: () => Readonly<Record<TcpCounter, number>>,
): void {
  for (const reason of LOSSES) losses.observe(reason, () => counters()[reason]);
  telemetry.observableCounter(
    'otelcol_receiver_ebpf_tcp_retransmits',
    {
      description: 'Packets that TCP sent again, on the whole machine, followed connection or not.',
      unit: '{packet}',
    },
    () => counters().retransmits,
  );
  for (const [direction, connection, counter] of RESETS) {
    telemetry.observableCounter(
      'otelcol_receiver_ebpf_tcp_resets',
      {
        description:
          'RST packets that TCP sent or received, on the whole machine; `unknown` answer packets of no connection.',
        unit: '{packet}',
      },
      () => counters()[counter],
      { direction, connection },
    );
  }
}

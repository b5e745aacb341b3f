import type { ComponentTelemetry, Histogram } from '@tributary/core';
import type { Losses } from '../losses.ts';
import type { TcpCounter } from './tcp-counters.ts';

/** Ways of losing something that the kernel programs count, as `reason` of the metric. */
const KERNEL_LOSSES = [
  'ring_buffer_full',
  'storage_refused',
  'young_full',
  'unknown_ended',
  'missed_events',
] as const satisfies readonly TcpCounter[];

/** The values of the metric of RSTs, by attributes `direction` and `connection`. */
const RESETS = [
  ['sent', 'known', 'resets_sent'],
  ['sent', 'unknown', 'resets_sent_unknown'],
  ['received', 'known', 'resets_received'],
] as const satisfies readonly (readonly [string, string, TcpCounter])[];

/** The block's own metrics. Records accepted and refused by the pipelines are counted by the host. */
export class FlowMetrics {
  readonly sweepDuration: Histogram;

  /** `counters` gives what the kernel programs have counted. */
  constructor(
    telemetry: ComponentTelemetry,
    losses: Losses,
    counters: () => Readonly<Record<TcpCounter, number>>,
  ) {
    for (const reason of KERNEL_LOSSES) losses.observe(reason, () => counters()[reason]);
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
    this.sweepDuration = sweepDuration(telemetry);
  }
}

/** How long reading all open connections takes. */
export function sweepDuration(telemetry: ComponentTelemetry): Histogram {
  return telemetry.histogram('otelcol_receiver_ebpf_sweep_duration', {
    description: 'How long reading all open connections took.',
    unit: 's',
    boundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  });
}

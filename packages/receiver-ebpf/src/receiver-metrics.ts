import type { ComponentTelemetry, Counter, Histogram } from '@tributary/core';
import type { TcpCounter } from './tcp-flows.ts';

/** Ways of losing something that the kernel programs count, as `reason` of the metric. */
const KERNEL_LOSSES = [
  'ring_buffer_full',
  'storage_refused',
  'young_full',
  'unknown_ended',
  'missed_events',
] as const satisfies readonly TcpCounter[];

/** Ways of losing records between the kernel and the pipelines. */
export type RecordLoss = 'unreadable' | 'refused' | 'shutdown';

/** The receiver's own metrics. Records accepted and refused by the pipelines are counted by the host. */
export class ReceiverMetrics {
  readonly sweepDuration: Histogram;
  readonly #telemetry: ComponentTelemetry;
  readonly #losses = new Map<RecordLoss, Counter>();

  /** `counters` gives what the kernel programs have counted, `waiting` how many records wait for the pipelines. */
  constructor(
    telemetry: ComponentTelemetry,
    counters: () => Readonly<Record<TcpCounter, number>>,
    waiting: () => number,
  ) {
    this.#telemetry = telemetry;
    for (const reason of KERNEL_LOSSES) {
      telemetry.observableCounter('otelcol_receiver_ebpf_losses', LOSSES, () => counters()[reason], {
        reason,
      });
    }
    telemetry.observableCounter(
      'otelcol_receiver_ebpf_tcp_retransmits',
      {
        description: 'Packets that TCP sent again, on the whole machine, followed connection or not.',
        unit: '{packet}',
      },
      () => counters().retransmits,
    );
    for (const direction of ['sent', 'received'] as const) {
      telemetry.observableCounter(
        'otelcol_receiver_ebpf_tcp_resets',
        { description: 'RST packets that TCP sent or received, on the whole machine.', unit: '{packet}' },
        () => counters()[`resets_${direction}`],
        { direction },
      );
    }
    telemetry.gauge(
      'otelcol_receiver_ebpf_waiting_records',
      { description: 'Records that wait for the pipelines to take them.', unit: '{record}' },
      waiting,
    );
    this.sweepDuration = telemetry.histogram('otelcol_receiver_ebpf_sweep_duration', {
      description: 'How long reading all open connections took.',
      unit: 's',
      boundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    });
  }

  /** Records that will not reach the pipelines. */
  lost(records: number, reason: RecordLoss): void {
    let counter = this.#losses.get(reason);
    if (counter === undefined) {
      counter = this.#telemetry.counter('otelcol_receiver_ebpf_losses', LOSSES, { reason });
      this.#losses.set(reason, counter);
    }
    counter.add(records);
  }
}

const LOSSES = {
  description: 'Records, or parts of what they should say, that were lost, by reason.',
  unit: '{record}',
};

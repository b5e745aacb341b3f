import { PermanentError, RetryableError } from '@tributary/core';
import { numberedBatch } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { World } from './fixtures.ts';

describe('the metrics of the pipelines', () => {
  it('count what receivers hand on, by signal, transport and outcome', async () => {
    const world = new World();
    const refuse = new RetryableError('QUEUE_FULL', 'keep: its queue is full.');
    const service = world.service({
      pipelines: {
        traces: { receivers: ['push'], exporters: ['keep/ok'] },
        metrics: { receivers: ['push'], exporters: ['keep/bad'] },
        logs: { receivers: ['push/2'], exporters: ['keep/bad'] },
      },
      behaviour: { 'exporter:keep/bad': { refuse, wait: true }, 'exporter:keep/ok': { wait: true } },
    });
    await world.push('push', numberedBatch('traces', [1, 2, 3], { transport: 'grpc' }));
    await world.push('push', numberedBatch('traces', [1, 2], { transport: 'http' }));
    await world.push('push', numberedBatch('traces', [1], { transport: 'grpc' }));
    await expect(world.push('push', numberedBatch('metrics', [1, 2], { transport: 'http' }))).rejects.toBe(
      refuse,
    );
    expect(() => world.push('push', numberedBatch('logs', [1, 2, 3, 4], { transport: 'http' }))).toThrow(
      PermanentError,
    );
    await expect(world.push('push/2', numberedBatch('logs', [1]))).rejects.toBe(refuse);
    expect(world.registry.snapshot()).toEqual({
      'otelcol_receiver_accepted_spans{receiver="push",transport="grpc"}': 4,
      'otelcol_receiver_accepted_spans{receiver="push",transport="http"}': 2,
      'otelcol_receiver_failed_log_records{receiver="push",transport="http"}': 4,
      'otelcol_receiver_refused_log_records{receiver="push/2"}': 1,
      'otelcol_receiver_refused_metric_points{receiver="push",transport="http"}': 2,
      'otelcol_receiver_requests{outcome="failure",receiver="push",transport="http"}': 1,
      'otelcol_receiver_requests{outcome="refused",receiver="push",transport="http"}': 1,
      'otelcol_receiver_requests{outcome="refused",receiver="push/2"}': 1,
      'otelcol_receiver_requests{outcome="success",receiver="push",transport="grpc"}': 2,
      'otelcol_receiver_requests{outcome="success",receiver="push",transport="http"}': 1,
    });
    await service.shutdown();
  });

  it('count the items of a batch as they were when it was handed on', () => {
    const world = new World();
    world.service({ pipelines: { traces: { receivers: ['push'], exporters: ['keep'] } } });
    const batch = numberedBatch('traces', [1, 2, 3]);
    world.sinks.get('keep')!.consume = (taken) => {
      for (const record of taken.records()) record.drop();
    };
    world.push('push', batch);
    expect(world.registry.snapshot()).toEqual({
      'otelcol_receiver_accepted_spans{receiver="push"}': 3,
      'otelcol_receiver_requests{outcome="success",receiver="push"}': 1,
    });
  });

  it('count what goes into and out of processors, by signal', () => {
    const world = new World();
    world.service({
      pipelines: { logs: { receivers: ['push'], processors: ['odd', 'tag'], exporters: ['keep'] } },
    });
    world.push('push', numberedBatch('logs', [1, 2]));
    world.push('push', numberedBatch('logs', [1, 2, 3]));
    expect(world.registry.snapshot()).toEqual({
      'otelcol_processor_incoming_items{otel.signal="logs",processor="odd"}': 5,
      'otelcol_processor_incoming_items{otel.signal="logs",processor="tag"}': 3,
      'otelcol_processor_outgoing_items{otel.signal="logs",processor="odd"}': 3,
      'otelcol_processor_outgoing_items{otel.signal="logs",processor="tag"}': 3,
      'otelcol_receiver_accepted_log_records{receiver="push"}': 5,
      'otelcol_receiver_requests{outcome="success",receiver="push"}': 2,
    });
  });

  it('count what goes into and out of connectors', () => {
    const world = new World();
    world.service({
      pipelines: {
        logs: { receivers: ['push'], exporters: ['count'] },
        metrics: { receivers: ['count'], exporters: ['keep'] },
      },
    });
    world.push('push', numberedBatch('logs', [1, 2, 3]));
    expect(world.registry.snapshot()).toEqual({
      'otelcol_connector_consumed_items{connector="count",otel.signal="logs",outcome="success"}': 3,
      'otelcol_connector_produced_items{connector="count",otel.signal="metrics",outcome="success"}': 1,
      'otelcol_receiver_accepted_log_records{receiver="push"}': 3,
      'otelcol_receiver_requests{outcome="success",receiver="push"}': 1,
    });
  });

  it.each([
    ['normal', 0],
    ['detailed', 2],
  ] as const)("at level %s time each processor's own work for %i of two batches", (level, timed) => {
    const world = new World({ level });
    world.service({ pipelines: { logs: { receivers: ['push'], processors: ['odd'], exporters: ['keep'] } } });
    world.push('push', numberedBatch('logs', [1]));
    world.push('push', numberedBatch('logs', [1]));
    const duration =
      world.registry.snapshot()['otelcol_processor_internal_duration{otel.signal="logs",processor="odd"}'];
    expect(typeof duration === 'object' ? duration.count : 0).toBe(timed);
    expect(world.received()).toEqual({ keep: [1, 1] });
  });

  it('leave out what components measure of themselves once they are shut down', async () => {
    const world = new World();
    const service = world.service({ pipelines: { logs: { receivers: ['push'], exporters: ['keep'] } } });
    const { telemetry } = world.settings.get('exporter:keep')!;
    telemetry.gauge('otelcol_exporter_queue_size', { description: 'Size.', unit: '{batches}' }, () => 7);
    await service.start();
    expect(world.registry.snapshot()).toEqual({ 'otelcol_exporter_queue_size{exporter="keep"}': 7 });
    await service.shutdown();
    expect(world.registry.snapshot()).toEqual({});
  });

  it('are not kept at level none, and the data flows', () => {
    const world = new World({ level: 'none' });
    world.service({ pipelines: { logs: { receivers: ['push'], processors: ['odd'], exporters: ['keep'] } } });
    world.push('push', numberedBatch('logs', [1]));
    expect(world.registry.snapshot()).toEqual({});
    expect(world.received()).toEqual({ keep: [1] });
  });
});

describe('refused data', () => {
  it('is logged once, and at the end with how much more there was', async () => {
    const world = new World();
    const refuse = new RetryableError('QUEUE_FULL', 'keep: its queue is full.');
    const service = world.service({
      pipelines: { logs: { receivers: ['push'], exporters: ['keep'] } },
      behaviour: { 'exporter:keep': { refuse } },
    });
    await service.start();
    for (let batch = 0; batch < 5; batch++) {
      expect(() => world.push('push', numberedBatch('logs', [1, 2], { transport: 'grpc' }))).toThrow(refuse);
    }
    await service.shutdown();
    const fields = {
      'otelcol.component.kind': 'receiver',
      'otelcol.component.id': 'push',
      'otel.signal': 'logs',
      transport: 'grpc',
      error: 'RetryableError: keep: its queue is full.',
      isPermanent: false,
    };
    expect(world.logs.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: 'the pipeline refused data',
        fields: { ...fields, occurrences: 1, items: 2 },
      },
      {
        level: 'warn',
        message: 'the pipeline refused data',
        fields: { ...fields, occurrences: 4, items: 8 },
      },
    ]);
  });
});

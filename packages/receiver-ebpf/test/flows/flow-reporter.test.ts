import { Outbox } from '@tributary/core';
import { type TestSettings, testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import type { BlockEnvironment } from '../../src/block.ts';
import { CgroupNames } from '../../src/cgroups/cgroup-names.ts';
import { FlowDrops } from '../../src/drops/flow-drops.ts';
import { emptyFlowRecord } from '../../src/flows/flow-record.ts';
import { FlowReporter, type FlowSource } from '../../src/flows/flow-reporter.ts';
import { Losses } from '../../src/losses.ts';
import { ProcessTable } from '../../src/processes/process-table.ts';

const HOUR_MS = 3_600_000;

/** A block's environment in which batches of log events of so many records came, and no more than `maxRecords` wait. */
function environmentOf(maxRecords: number): {
  environment: BlockEnvironment;
  settings: TestSettings;
  batches: number[];
} {
  const settings = testSettings({ id: 'ebpf' });
  const batches: number[] = [];
  const outbox = new Outbox(
    {
      consume: (batch) => {
        batches.push(batch.itemCount);
      },
    },
    { maxRecords, onLost: () => undefined },
  );
  const environment = {
    settings,
    logs: outbox,
    metrics: outbox,
    losses: new Losses(settings.telemetry, 'flows'),
    cgroups: new CgroupNames({ version: 'none' }),
    flowDrops: new FlowDrops(),
    processes: new ProcessTable(),
  };
  return { environment, settings, batches };
}

/** A source of which nothing comes, but for what `methods` say. */
function sourceOf(methods: Partial<FlowSource>): FlowSource {
  return { drain: () => 0, sweep: async () => {}, abandon: () => 0, ...methods };
}

function lossesOf(settings: TestSettings): unknown {
  return Object.fromEntries(
    Object.entries(settings.registry.snapshot())
      .filter(([series]) => series.startsWith('otelcol_receiver_ebpf_losses'))
      .map(([series, value]) => [/reason="(\w+)"/.exec(series)?.[1], value]),
  );
}

describe('FlowReporter', () => {
  it('at the end hands on what ended and what is open, a thousand to a batch', async () => {
    const { environment, settings, batches } = environmentOf(100_000);
    const reporter = new FlowReporter(environment, 'udp');
    let ended = 2300;
    const record = emptyFlowRecord('udp');
    reporter.begin(
      sourceOf({
        drain: (limit) => {
          const count = Math.min(limit, ended);
          ended -= count;
          for (let written = 0; written < count; written += 1) reporter.write(record);
          return count;
        },
        sweep: async () => reporter.write(record),
      }),
      HOUR_MS,
    );
    await reporter.end();
    await reporter.end();
    expect(batches).toEqual([1, 1000, 1000, 300]);
    expect(lossesOf(settings)).toEqual({});
  });

  it('does nothing at the end if it never began', async () => {
    const { environment, batches } = environmentOf(100_000);
    await new FlowReporter(environment, 'tcp').end();
    expect(batches).toEqual([]);
  });

  it('fetches nothing while the pipelines take no more, and counts what is left at the end', async () => {
    const { environment, settings } = environmentOf(0);
    const reporter = new FlowReporter(environment, 'tcp');
    let drained = 0;
    const drain = (): number => {
      drained += 1;
      return 0;
    };
    reporter.begin(sourceOf({ drain, abandon: () => 17 }), HOUR_MS);
    await reporter.end();
    expect(drained).toBe(0);
    expect(lossesOf(settings)).toEqual({ shutdown: 17 });
  });

  it.each(['tcp', 'udp'] as const)('counts sweeps of %s that are left out', async (transport) => {
    const { environment, settings } = environmentOf(100_000);
    const reporter = new FlowReporter(environment, transport);
    const { promise, resolve } = Promise.withResolvers<void>();
    let sweeps = 0;
    reporter.begin(
      sourceOf({
        sweep: () => {
          sweeps += 1;
          return promise;
        },
      }),
      1,
    );
    await expect
      .poll(() => lossesOf(settings), { timeout: 20_000 })
      .toMatchObject({ interval_too_short: expect.any(Number) as unknown });
    expect(sweeps).toBe(1);
    resolve();
    await reporter.end();
  });

  it('counts no sweep that is left out for one that makes room', async () => {
    const { environment, settings } = environmentOf(100_000);
    const reporter = new FlowReporter(environment, 'udp');
    const { promise, resolve } = Promise.withResolvers<void>();
    let made = 0;
    let sweepsBefore = 0;
    let sweeps = 0;
    reporter.begin(
      sourceOf({
        sweep: async () => {
          sweeps += 1;
        },
        makeRoom: () => {
          made += 1;
          sweepsBefore = sweeps;
          return promise;
        },
      }),
      1,
    );
    await expect.poll(() => made, { timeout: 20_000 }).toBe(1);
    // A timer that is set now runs after those of several intervals.
    await new Promise((done) => setTimeout(done, 20));
    expect(sweeps).toBe(sweepsBefore);
    expect(lossesOf(settings)).toEqual({});
    resolve();
    await reporter.end();
  });

  it('logs a sweep that fails, and goes on', async () => {
    const { environment, settings, batches } = environmentOf(100_000);
    const reporter = new FlowReporter(environment, 'tcp');
    let sweeps = 0;
    reporter.begin(
      sourceOf({
        sweep: async () => {
          sweeps += 1;
          if (sweeps === 1) throw new Error('iterator gone');
          reporter.write(emptyFlowRecord('tcp'));
        },
      }),
      1,
    );
    await expect.poll(() => batches.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await reporter.end();
    expect(settings.logs).toEqual([
      {
        level: 'warn',
        message: 'the open flows could not be read',
        fields: { transport: 'tcp', error: 'iterator gone' },
      },
    ]);
  });
});

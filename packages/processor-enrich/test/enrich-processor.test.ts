import {
  Batch,
  type Consumer,
  type FactSource,
  LogsWriter,
  PermanentError,
  RetryableError,
  SpansWriter,
} from '@tributary/core';
import { refuse, type Sink, sink, type TestSettings, testSettings } from '@tributary/testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { enrichProcessor } from '../src/index.ts';
import { attributesOf, flow, flowBatch, T0, TestCluster } from './flows/cluster.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: T0 + 2000 });
});

afterEach(() => {
  vi.useRealTimers();
});

function enrich(block: unknown = {}, next?: Consumer) {
  const cluster = new TestCluster();
  const settings = testSettings({ kind: 'processor', id: 'enrich', context: cluster.context });
  const accepted = sink({ mutatesData: true });
  const config = enrichProcessor.configSchema.parse(block);
  const processor = enrichProcessor.create(settings, config, next ?? accepted);
  return { cluster, settings, accepted, processor };
}

function seen(host = 'node-1'): Batch {
  const told = { 'container.id': 'c-cart', 'flow.connect_duration': 0.001 };
  return flowBatch([flow('10.2.1.1:41022 > 10.2.2.1:8443', 'source', told)], host);
}

function destinations({ batches }: Sink): unknown[] {
  return batches
    .flatMap(attributesOf)
    .map((record) => [record['destination.match'], record['destination.k8s.pod.name']]);
}

function counted(settings: TestSettings, name: string): unknown {
  return Object.fromEntries(
    Object.entries(settings.registry.snapshot()).filter(([key, value]) => key.includes(name) && value !== 0),
  );
}

function spans(): Batch {
  const writer = new SpansWriter();
  writer.resource({ 'k8s.pod.uid': 'uid-far' });
  writer.span({ name: 'GET /', traceId: new Uint8Array(16).fill(1), spanId: new Uint8Array(8).fill(1) });
  return Batch.decode('traces', writer.finish()!.toBytes());
}

describe('flows', () => {
  test('wait for the news of a pod that was just made', async () => {
    const { cluster, accepted, processor } = enrich();
    expect(processor.consume(seen())).toBeUndefined();
    await vi.advanceTimersByTimeAsync(900);
    expect(accepted.itemCount).toBe(0);
    cluster.pod({ name: 'far', address: '10.2.2.1' });
    await vi.advanceTimersByTimeAsync(200);
    expect(destinations(accepted)).toEqual([['pod_ip', 'far']]);
    await processor.shutdown?.();
  });

  test('are joined at once and answered by what follows where they need not wait', async () => {
    const { processor } = enrich({ flows: { hold: '0s' } }, refuse(new RetryableError('QUEUE_FULL', 'full')));
    expect(() => processor.consume(seen())).toThrow('full');
    await processor.shutdown?.();
  });

  test('wait while a first list is not complete, and go on with what is known when it takes too long', async () => {
    const { cluster, accepted, processor, settings } = enrich();
    const source = cluster.context.source('k8s pods');
    processor.consume(seen());
    await vi.advanceTimersByTimeAsync(5000);
    expect(accepted.itemCount).toBe(0);
    cluster.pod({ name: 'far', address: '10.2.2.1' });
    source.current();
    expect(destinations(accepted)).toEqual([['pod_ip', 'far']]);
    cluster.context.source('k8s services');
    processor.consume(seen());
    await vi.advanceTimersByTimeAsync(9_900);
    expect(accepted.itemCount).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(accepted.itemCount).toBe(2);
    expect(counted(settings, 'early')).toEqual({
      'otelcol_processor_enrich_early_records{processor="enrich",reason="timeout"}': 1,
    });
    await processor.shutdown?.();
  });

  test('do not wait for lists where that is switched off', async () => {
    const { cluster, accepted, processor } = enrich({ wait_for_metadata: false });
    cluster.context.source('k8s pods');
    processor.consume(seen());
    await vi.advanceTimersByTimeAsync(1100);
    expect(destinations(accepted)).toEqual([['none', undefined]]);
    await processor.shutdown?.();
  });

  test('wait while a source has fallen behind, and say so when it takes too long', async () => {
    const { cluster, accepted, processor } = enrich({ flows: { wait_for_current: '20s' } });
    cluster.pod({ name: 'far', address: '10.2.2.1' });
    const source: FactSource = cluster.context.source('k8s pods');
    source.current();
    source.stale(T0 - 2000);
    processor.consume(seen());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(accepted.itemCount).toBe(0);
    source.current();
    source.stale(T0 - 2000);
    processor.consume(seen());
    await vi.advanceTimersByTimeAsync(21_000);
    const stale = accepted.batches.flatMap(attributesOf).map((record) => record['destination.match.stale']);
    expect(stale).toEqual([undefined, true]);
    await processor.shutdown?.();
  });

  test('go on early where there is no room for more', async () => {
    const { accepted, processor, settings } = enrich({ flows: { max_held_records: 2 } });
    for (let count = 0; count < 3; count++) processor.consume(seen());
    expect(accepted.itemCount).toBe(1);
    expect(counted(settings, 'early')).toEqual({
      'otelcol_processor_enrich_early_records{processor="enrich",reason="full"}': 1,
    });
    await vi.advanceTimersByTimeAsync(1100);
    expect(accepted.itemCount).toBe(3);
    await processor.shutdown?.();
  });

  test('are refused for now where there is no room and nobody takes them, and sent again later', async () => {
    let isReady = false;
    const accepted = sink();
    const next: Consumer = {
      consume(batch) {
        if (!isReady) throw new RetryableError('QUEUE_FULL', 'full');
        accepted.consume(batch);
      },
    };
    const { processor } = enrich({ flows: { max_held_records: 2 } }, next);
    processor.consume(seen());
    await vi.advanceTimersByTimeAsync(1100);
    processor.consume(seen());
    processor.consume(seen());
    expect(() => processor.consume(seen())).toThrow(
      'enrich: 2 records wait and the next component does not take them (flows::max_held_records, ' +
        'flows::max_held_bytes). Send the data again later.',
    );
    isReady = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(accepted.itemCount).toBe(3);
    await processor.shutdown?.();
  });

  test('that are refused for good are counted', async () => {
    const { processor, settings } = enrich({}, refuse(new PermanentError('EXPORT_REFUSED', 'never')));
    processor.consume(seen());
    await vi.advanceTimersByTimeAsync(1100);
    expect(counted(settings, 'lost')).toEqual({
      'otelcol_processor_enrich_lost_records{processor="enrich",reason="refused"}': 1,
    });
    await processor.shutdown?.();
  });

  test('that wait are joined and handed on at the shutdown', async () => {
    const { cluster, accepted, processor } = enrich();
    cluster.pod({ name: 'far', address: '10.2.2.1' });
    processor.consume(seen());
    await processor.shutdown?.();
    expect(destinations(accepted)).toEqual([['pod_ip', 'far']]);
  });

  test('of several batches go on as one where the next component is slow', async () => {
    const taken: number[] = [];
    const answers: (() => void)[] = [];
    const { processor } = enrich(
      {},
      {
        consume(batch) {
          taken.push(batch.itemCount);
          return new Promise((resolve) => answers.push(resolve));
        },
      },
    );
    processor.consume(seen());
    await vi.advanceTimersByTimeAsync(1100);
    for (let count = 0; count < 3; count++) processor.consume(seen());
    await vi.advanceTimersByTimeAsync(1100);
    answers.shift()?.();
    await vi.advanceTimersByTimeAsync(100);
    expect(taken).toEqual([1, 3]);
    answers.shift()?.();
    await processor.shutdown?.();
  });

  test('stand beside other records of their batch, which stay as they are', async () => {
    const { accepted, processor } = enrich();
    const other = new LogsWriter();
    other.resource({ 'service.name': 'cart' });
    other.record({ eventName: 'cart.filled', attributes: { items: 3 } });
    const others = Batch.decode('logs', other.finish()!.toBytes());
    processor.consume(Batch.merge([others, seen()]));
    await vi.advanceTimersByTimeAsync(1100);
    const [first, second] = accepted.batches.flatMap(attributesOf);
    expect(first).toEqual({ items: 3 });
    expect(second).toMatchObject({ 'destination.match': 'none' });
    await processor.shutdown?.();
  });
});

describe('a second join', () => {
  test('leaves the ends that the first found, and finds others', async () => {
    const agent = enrich({ flows: { hold: '0s' } });
    agent.cluster.node('node-1', '192.168.0.1');
    agent.cluster.pod({ name: 'cart', address: '10.2.1.1' });
    agent.processor.consume(seen());
    const gateway = enrich({ flows: { hold: '0s' } });
    gateway.cluster.node('node-1', '192.168.0.1');
    gateway.cluster.pod({ name: 'other', address: '10.2.1.1' });
    gateway.cluster.pod({ name: 'far', address: '10.2.2.1' });
    const bytes = agent.accepted.batches[0]!.toBytes();
    gateway.processor.consume(Batch.decode('logs', bytes));
    const [record] = gateway.accepted.batches.flatMap(attributesOf);
    expect(record).toMatchObject({
      'source.match': 'cgroup',
      'source.k8s.pod.name': 'cart',
      'destination.match': 'pod_ip',
      'destination.k8s.pod.name': 'far',
    });
    const again = Batch.decode('logs', gateway.accepted.batches[0]!.toBytes());
    const before = Buffer.from(again.toBytes());
    gateway.processor.consume(again);
    expect(Buffer.from(gateway.accepted.batches[1]!.toBytes())).toEqual(before);
    await agent.processor.shutdown?.();
    await gateway.processor.shutdown?.();
  });
});

describe('other telemetry', () => {
  test('waits for the first lists, and is answered by what follows', async () => {
    const { cluster, accepted, processor } = enrich();
    const source = cluster.context.source('k8s pods');
    const consumed = processor.consume(spans());
    await vi.advanceTimersByTimeAsync(5000);
    expect(accepted.itemCount).toBe(0);
    source.current();
    await consumed;
    expect(accepted.itemCount).toBe(1);
    expect(processor.consume(spans())).toBeUndefined();
    await processor.shutdown?.();
  });

  test('goes on at the timeout, at the shutdown, and where there is no room', async () => {
    const { cluster, accepted, processor, settings } = enrich({ flows: { max_held_bytes: 1 } });
    cluster.context.source('k8s pods');
    const first = processor.consume(spans());
    processor.consume(spans());
    expect(accepted.itemCount).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    await first;
    const last = processor.consume(spans());
    await processor.shutdown?.();
    await last;
    expect(accepted.itemCount).toBe(3);
    expect(counted(settings, 'early')).toEqual({
      'otelcol_processor_enrich_early_records{processor="enrich",reason="full"}': 1,
      'otelcol_processor_enrich_early_records{processor="enrich",reason="timeout"}': 1,
      'otelcol_processor_enrich_early_records{processor="enrich",reason="shutdown"}': 1,
    });
  });
});

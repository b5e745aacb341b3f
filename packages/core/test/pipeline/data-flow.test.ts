import { PermanentError, RetryableError } from '@tributary/core';
import { numberedBatch, numbersOf } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { tagsOf, World } from './fixtures.ts';

describe('a pipeline in which nothing waits', () => {
  it('returns undefined, not a promise, and hands on the very batch', () => {
    const world = new World();
    world.service({
      pipelines: { traces: { receivers: ['push'], processors: ['tag', 'odd'], exporters: ['keep'] } },
    });
    const batch = numberedBatch('traces', [1, 2, 3]);
    expect(world.push('push', batch)).toBeUndefined();
    expect(world.sinks.get('keep')?.batches).toEqual([batch]);
    expect(world.sinks.get('keep')?.batches[0]).toBe(batch);
  });

  it('returns undefined through fan-outs and connectors too', () => {
    const world = new World();
    world.service({
      pipelines: {
        'traces/1': { receivers: ['push'], exporters: ['keep/1', 'forward'] },
        'traces/2': { receivers: ['push'], processors: ['tag'], exporters: ['keep/2', 'keep/3'] },
        'traces/3': { receivers: ['forward'], exporters: ['keep/4'] },
      },
    });
    expect(world.push('push', numberedBatch('traces', [1]))).toBeUndefined();
    expect(world.received()).toEqual({ 'keep/1': [1], 'keep/2': [1], 'keep/3': [1], 'keep/4': [1] });
  });

  it('throws the very error of its exporter', () => {
    const world = new World();
    const refuse = new RetryableError('QUEUE_FULL', 'exporter "keep": its queue is full.', { delayMs: 100 });
    world.service({
      pipelines: { logs: { receivers: ['push'], processors: ['odd'], exporters: ['keep'] } },
      behaviour: { 'exporter:keep': { refuse } },
    });
    expect(() => world.push('push', numberedBatch('logs', [1]))).toThrow(refuse);
  });
});

describe('a pipeline with an exporter that waits', () => {
  it('acknowledges when the exporter does', async () => {
    const world = new World();
    world.service({
      pipelines: {
        traces: { receivers: ['push'], processors: ['tag'], exporters: ['keep/slow', 'keep/fast'] },
      },
      behaviour: { 'exporter:keep/slow': { wait: true } },
    });
    const acknowledged = world.push('push', numberedBatch('traces', [1]));
    expect(acknowledged).toBeInstanceOf(Promise);
    expect(world.received()).toEqual({ 'keep/slow': [], 'keep/fast': [1] });
    await acknowledged;
    expect(world.received()).toEqual({ 'keep/slow': [1], 'keep/fast': [1] });
  });

  it('rejects with the very error of the exporter', async () => {
    const world = new World();
    const refuse = new PermanentError('EXPORT_REFUSED', 'exporter "keep": the backend refused the data.');
    world.service({
      pipelines: { traces: { receivers: ['push'], exporters: ['keep'] } },
      behaviour: { 'exporter:keep': { refuse, wait: true } },
    });
    await expect(world.push('push', numberedBatch('traces', [1]))).rejects.toBe(refuse);
  });
});

describe('a receiver', () => {
  it('is one for all pipelines that name it, and gives each signal to the pipelines of that signal', () => {
    const world = new World();
    world.service({
      pipelines: {
        traces: { receivers: ['push'], exporters: ['keep/traces'] },
        logs: { receivers: ['push'], exporters: ['keep/logs'] },
        'logs/2': { receivers: ['push', 'push/2'], exporters: ['keep/logs', 'keep/more'] },
      },
    });
    world.push('push', numberedBatch('traces', [1]));
    world.push('push', numberedBatch('logs', [2]));
    world.push('push/2', numberedBatch('logs', [3]));
    expect(world.received()).toEqual({ 'keep/traces': [1], 'keep/logs': [2, 2, 3], 'keep/more': [2, 3] });
    expect(world.journal).toEqual([
      'create exporter:keep/traces',
      'create exporter:keep/logs',
      'create exporter:keep/more',
      'create receiver:push',
      'create receiver:push/2',
    ]);
  });

  it('knows the signals that some pipeline takes, and is refused for good with another', () => {
    const world = new World();
    world.service({
      pipelines: {
        metrics: { receivers: ['push'], exporters: ['keep'] },
        traces: { receivers: ['push'], exporters: ['keep'] },
        logs: { receivers: ['push/2'], exporters: ['keep'] },
      },
    });
    expect(world.pushers.get('push')?.signals).toEqual(new Set(['traces', 'metrics']));
    expect(() => world.push('push', numberedBatch('logs', [1]))).toThrow(
      new PermanentError('SIGNAL_UNSUPPORTED', 'logs: no pipeline takes this signal.'),
    );
  });
});

describe('a fan-out', () => {
  const both = (second: readonly string[]) => ({
    'traces/1': { receivers: ['push'], processors: ['tag/1'], exporters: ['keep/1'] },
    'traces/2': { receivers: ['push'], processors: second, exporters: ['keep/2'] },
  });

  it('gives a fork to the pipeline that edits and the very batch to the one that reads', () => {
    const world = new World();
    world.service({ pipelines: both([]) });
    const batch = numberedBatch('traces', [1, 2]);
    const bytes = batch.toBytes();
    world.push('push', batch);
    const [edited, read] = [world.sinks.get('keep/1')?.batches[0], world.sinks.get('keep/2')?.batches[0]];
    expect(read).toBe(batch);
    expect(read?.toBytes()).toBe(bytes);
    expect([tagsOf(edited), tagsOf(read)]).toEqual([['tag/1'], [undefined]]);
  });

  it('keeps the edits of two pipelines apart, and copies nothing for the last', () => {
    const world = new World();
    world.service({ pipelines: both(['tag/2']) });
    const batch = numberedBatch('traces', [1, 2]);
    world.push('push', batch);
    const [first, second] = [world.sinks.get('keep/1')?.batches[0], world.sinks.get('keep/2')?.batches[0]];
    expect(first).not.toBe(batch);
    expect(second).toBe(batch);
    expect([tagsOf(first), tagsOf(second)]).toEqual([['tag/1'], ['tag/2']]);
  });

  it.each([
    ['before', ['keep/edits', 'keep/reads']],
    ['after', ['keep/reads', 'keep/edits']],
  ])(
    'keeps edits from an exporter that is still reading when they are made, named %s it',
    async (_, exporters) => {
      const world = new World();
      world.service({
        pipelines: { traces: { receivers: ['push'], exporters } },
        behaviour: { 'exporter:keep/reads': { wait: true }, 'exporter:keep/edits': { mutates: true } },
      });
      await world.push('push', numberedBatch('traces', [1]));
      const tags = ['keep/reads', 'keep/edits'].map((id) => tagsOf(world.sinks.get(id)?.batches[0]));
      expect(tags).toEqual([[undefined], ['keep/edits']]);
    },
  );

  it('keeps edits apart where one of its branches is itself a fan-out of editors', () => {
    const world = new World();
    world.service({
      pipelines: {
        'logs/edit': { receivers: ['push'], exporters: ['keep/1', 'keep/2'] },
        'logs/read': { receivers: ['push'], exporters: ['keep/3'] },
      },
      behaviour: { 'exporter:keep/1': { mutates: true }, 'exporter:keep/2': { mutates: true } },
    });
    world.push('push', numberedBatch('logs', [1]));
    const tags = ['keep/1', 'keep/2', 'keep/3'].map((id) => tagsOf(world.sinks.get(id)?.batches[0]));
    expect(tags).toEqual([['keep/1'], ['keep/2'], [undefined]]);
  });

  it('keeps the edits made behind a connector from those before it', () => {
    const world = new World();
    world.service({
      pipelines: {
        'logs/1': { receivers: ['push'], exporters: ['forward', 'keep/1'] },
        'logs/2': { receivers: ['forward'], processors: ['tag'], exporters: ['keep/2'] },
      },
    });
    world.push('push', numberedBatch('logs', [1]));
    const tags = ['keep/1', 'keep/2'].map((id) => tagsOf(world.sinks.get(id)?.batches[0]));
    expect(tags).toEqual([[undefined], ['tag']]);
  });

  it('gives the data to all, whoever refuses it', async () => {
    const world = new World();
    const gone = new PermanentError('EXPORT_REFUSED', 'keep/1: gone.');
    const busy = new RetryableError('QUEUE_FULL', 'keep/3: busy.');
    world.service({
      pipelines: { logs: { receivers: ['push'], exporters: ['keep/1', 'keep/2', 'keep/3', 'keep/4'] } },
      behaviour: {
        'exporter:keep/1': { refuse: gone },
        'exporter:keep/3': { refuse: busy, wait: true },
      },
    });
    await expect(world.push('push', numberedBatch('logs', [7]))).rejects.toEqual(
      new RetryableError(
        'BRANCHES_REFUSED',
        'fan-out: 2 of 4 consumers refused the data (keep/1: gone; keep/3: busy).',
        {
          cause: new AggregateError([gone, busy]),
        },
      ),
    );
    expect(world.received()).toEqual({ 'keep/1': [], 'keep/2': [7], 'keep/3': [], 'keep/4': [7] });
  });
});

describe('a processor', () => {
  it('has an instance in each pipeline that names it', () => {
    const world = new World();
    world.service({
      pipelines: {
        traces: { receivers: ['push'], processors: ['tag'], exporters: ['keep'] },
        'logs/flows': { receivers: ['push'], processors: ['tag'], exporters: ['keep'] },
      },
    });
    expect(world.settings.get('processor:tag@traces')?.pipeline).toBe('traces');
    expect(world.settings.get('processor:tag@logs/flows')?.pipeline).toBe('logs/flows');
  });

  it('sends to the processors after it in their order', () => {
    const world = new World();
    world.service({
      pipelines: {
        traces: { receivers: ['push'], processors: ['tag/1', 'odd', 'tag/2'], exporters: ['keep'] },
      },
    });
    world.push('push', numberedBatch('traces', [1, 2]));
    world.push('push', numberedBatch('traces', [3]));
    const batches = world.sinks.get('keep')?.batches ?? [];
    expect(batches.map((batch) => [numbersOf(batch), tagsOf(batch)])).toEqual([[[3], ['tag/2']]]);
  });
});

describe('a connector', () => {
  it('is the exporter of one pipeline and the receiver of another, of another signal', () => {
    const world = new World();
    world.service({
      pipelines: {
        logs: { receivers: ['push'], exporters: ['count'] },
        metrics: { receivers: ['count'], exporters: ['keep/metrics'] },
        'metrics/2': { receivers: ['push', 'count'], exporters: ['keep/more'] },
      },
    });
    world.push('push', numberedBatch('logs', [5, 6, 7]));
    expect(world.received()).toEqual({ 'keep/metrics': [3], 'keep/more': [3] });
  });

  it('gives back what the pipelines behind it say', () => {
    const world = new World();
    const refuse = new RetryableError('QUEUE_FULL', 'keep: its queue is full.');
    world.service({
      pipelines: {
        logs: { receivers: ['push'], exporters: ['forward'] },
        'logs/2': { receivers: ['forward'], exporters: ['keep'] },
      },
      behaviour: { 'exporter:keep': { refuse } },
    });
    expect(() => world.push('push', numberedBatch('logs', [1]))).toThrow(refuse);
  });
});

import { type Host, PipelineError, type StatusEvent } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { World } from './fixtures.ts';

const pipelines = {
  'traces/in': { receivers: ['push'], processors: ['tag', 'odd'], exporters: ['forward', 'keep/1'] },
  'traces/out': { receivers: ['forward'], processors: ['tag'], exporters: ['keep/2'] },
};

const startOrder = [
  'extension:ext/b',
  'extension:ext/a',
  'exporter:keep/1',
  'exporter:keep/2',
  'processor:tag@traces/out',
  'connector:forward',
  'processor:odd@traces/in',
  'processor:tag@traces/in',
  'receiver:push',
];

const steps = (name: string, keys: readonly string[]): string[] => keys.map((key) => `${name} ${key}`);

describe('a service', () => {
  it('creates and starts extensions first, then each component after what it sends to, receivers last', async () => {
    const world = new World();
    const service = world.service({ pipelines, extensions: ['ext/b', 'ext/a'] });
    expect(world.journal).toEqual(steps('create', startOrder));
    await service.start();
    expect(world.journal).toEqual([...steps('create', startOrder), ...steps('start', startOrder)]);
    await service.shutdown();
  });

  it('shuts down in the opposite order', async () => {
    const world = new World();
    const service = world.service({ pipelines, extensions: ['ext/b', 'ext/a'] });
    await service.start();
    world.journal.length = 0;
    await service.shutdown();
    expect(world.journal).toEqual(steps('shutdown', startOrder.toReversed()));
  });

  it('creates nothing that the service does not name', () => {
    const world = new World();
    world.service({
      pipelines: { logs: { receivers: ['push'], exporters: ['keep'] } },
      unused: { receiver: ['push/2'], processor: ['tag'], exporter: ['keep/2'], extension: ['ext'] },
    });
    expect(world.journal).toEqual(['create exporter:keep', 'create receiver:push']);
  });

  it('tells each component who and where it is', () => {
    const world = new World();
    world.service({ pipelines });
    const { id, pipeline, configDir, version } = world.settings.get('processor:tag@traces/in')!;
    expect({ id, pipeline, configDir, version }).toEqual({
      id: 'tag',
      pipeline: 'traces/in',
      configDir: '/etc/tributary',
      version: '1.2.3',
    });
  });

  it('marks the log lines of each component', () => {
    const world = new World();
    world.service({ pipelines });
    world.settings.get('processor:tag@traces/in')!.logger.info({ items: 3 }, 'tagged');
    expect(world.logs).toEqual([
      {
        level: 'info',
        message: 'tagged',
        fields: {
          'otelcol.component.kind': 'processor',
          'otelcol.component.id': 'tag',
          'otelcol.pipeline.id': 'traces/in',
          items: 3,
        },
      },
    ]);
  });

  it('is ready from the end of its start to the beginning of its shutdown', async () => {
    const world = new World();
    const service = world.service({ pipelines });
    const seen = [service.host.isReady];
    await service.start();
    seen.push(service.host.isReady);
    const stopped = service.shutdown();
    seen.push(service.host.isReady);
    await stopped;
    expect(seen).toEqual([false, true, false]);
  });

  it('finds a running extension by its id', () => {
    const world = new World();
    const { host } = world.service({ pipelines, extensions: ['ext/a'], unused: { extension: ['ext/b'] } });
    expect([typeof host.extension('ext/a'), host.extension('ext/b'), host.extension('toString')]).toEqual([
      'object',
      undefined,
      undefined,
    ]);
  });
});

describe('a service of which a component fails', () => {
  it('throws what a factory throws, with the name of the component', () => {
    const world = new World();
    const create = () =>
      world.service({ pipelines, behaviour: { 'connector:forward': { failCreate: true } } });
    expect(create).toThrow(
      new PipelineError(
        'COMPONENT_START',
        'failed to create "forward" connector: connector:forward cannot create.',
        { cause: new Error('connector:forward cannot create.') },
      ),
    );
  });

  it('shuts down what was started, and what did not start, and rejects with the name of the component', async () => {
    const world = new World();
    const service = world.service({ pipelines, behaviour: { 'connector:forward': { failStart: true } } });
    world.journal.length = 0;
    await expect(service.start()).rejects.toEqual(
      new PipelineError(
        'COMPONENT_START',
        'failed to start "forward" connector: connector:forward cannot start.',
        { cause: new Error('connector:forward cannot start.') },
      ),
    );
    const started = ['exporter:keep/1', 'exporter:keep/2', 'processor:tag@traces/out', 'connector:forward'];
    expect(world.journal).toEqual([...steps('start', started), ...steps('shutdown', started.toReversed())]);
    await service.shutdown();
    expect(service.host.isReady).toBe(false);
  });

  it('goes on with the shutdown when one fails, and rejects with all that failed', async () => {
    const world = new World();
    const service = world.service({
      pipelines,
      behaviour: { 'receiver:push': { failShutdown: true }, 'exporter:keep/2': { failShutdown: true } },
    });
    await service.start();
    world.journal.length = 0;
    await expect(service.shutdown()).rejects.toEqual(
      new PipelineError(
        'COMPONENT_SHUTDOWN',
        'failed to shut down "push" receiver: receiver:push cannot shutdown.; ' +
          'failed to shut down "keep/2" exporter: exporter:keep/2 cannot shutdown.',
        { cause: expect.any(AggregateError) },
      ),
    );
    expect(world.journal).toEqual(steps('shutdown', startOrder.slice(2).toReversed()));
  });

  it('goes on with the shutdown when one does not heed the end of its time', async () => {
    const world = new World();
    const service = world.service({ pipelines: { logs: { receivers: ['push'], exporters: ['keep'] } } });
    await service.start();
    world.journal.length = 0;
    world.beforeShutdown.set('receiver:push', () => new Promise<void>(() => undefined));
    await expect(service.shutdown(AbortSignal.abort())).rejects.toEqual(
      new PipelineError(
        'COMPONENT_SHUTDOWN',
        'failed to shut down "push" receiver: it did not stop within 1000 ms after it was told to drop what is left.',
        { cause: expect.any(AggregateError) },
      ),
    );
    expect(world.journal).toEqual(['shutdown receiver:push', 'shutdown exporter:keep']);
  });
});

describe('a service that is told to shut down', () => {
  it('starts nothing if it was not started', async () => {
    const world = new World();
    const service = world.service({ pipelines });
    await service.shutdown();
    world.journal.length = 0;
    await expect(service.start()).rejects.toEqual(
      new PipelineError('SHUTDOWN', 'service: it was told to shut down while it started.'),
    );
    expect(world.journal).toEqual([]);
  });

  it('stops starting where it is, and shuts down what was started', async () => {
    const world = new World();
    const service = world.service({ pipelines: { logs: { receivers: ['push'], exporters: ['keep'] } } });
    world.journal.length = 0;
    const started = service.start();
    const stopped = service.shutdown();
    await expect(started).rejects.toEqual(
      new PipelineError('SHUTDOWN', 'service: it was told to shut down while it started.'),
    );
    await stopped;
    expect(world.journal).toEqual(['start exporter:keep', 'shutdown exporter:keep']);
  });

  it('does it once', async () => {
    const world = new World();
    const service = world.service({ pipelines: { logs: { receivers: ['push'], exporters: ['keep'] } } });
    await service.start();
    world.journal.length = 0;
    await Promise.all([service.shutdown(), service.shutdown()]);
    await service.shutdown();
    expect(world.journal).toEqual(['shutdown receiver:push', 'shutdown exporter:keep']);
  });
});

describe('the states of the components', () => {
  const logs = { pipelines: { logs: { receivers: ['push'], exporters: ['keep'] } } };

  function watch(host: Host): string[] {
    const seen: string[] = [];
    host.onStatus((key, { status, error }) =>
      seen.push(`${key} ${status}${error ? `: ${error.message}` : ''}`),
    );
    return seen;
  }

  it('follow the life of the service', async () => {
    const service = new World().service(logs);
    const seen = watch(service.host);
    await service.start();
    await service.shutdown();
    expect(seen).toEqual([
      'exporter:keep starting',
      'exporter:keep ok',
      'receiver:push starting',
      'receiver:push ok',
      'receiver:push stopping',
      'receiver:push stopped',
      'exporter:keep stopping',
      'exporter:keep stopped',
    ]);
  });

  it('can be asked for at any time, by kind and id', async () => {
    const world = new World();
    const service = world.service(logs);
    expect(service.host.statuses()).toEqual(new Map());
    await service.start();
    const error = new Error('the backend is gone');
    world.settings.get('exporter:keep')!.reportStatus('recoverable_error', error);
    const states = [...service.host.statuses()].map(([key, event]: [string, StatusEvent]) => [key, event]);
    expect(states).toEqual([
      ['exporter:keep', { status: 'recoverable_error', error, timeUnixMs: expect.any(Number) }],
      ['receiver:push', { status: 'ok', timeUnixMs: expect.any(Number) }],
    ]);
    await service.shutdown();
  });

  it('change only as the Collector allows, and only when they change', async () => {
    const world = new World();
    const service = world.service(logs);
    const report = world.settings.get('exporter:keep')!.reportStatus;
    const seen = watch(service.host);
    report('ok');
    await service.start();
    seen.length = 0;
    report('ok');
    report('recoverable_error', new Error('one'));
    report('recoverable_error', new Error('two'));
    report('ok');
    report('permanent_error', new Error('three'));
    report('ok');
    report('recoverable_error', new Error('four'));
    await service.shutdown();
    report('ok');
    expect(seen).toEqual([
      'exporter:keep recoverable_error: one',
      'exporter:keep ok',
      'exporter:keep permanent_error: three',
      'receiver:push stopping',
      'receiver:push stopped',
      'exporter:keep stopping',
      'exporter:keep stopped',
    ]);
  });

  it('keep what a component says of itself while it starts', async () => {
    const world = new World();
    const service = world.service(logs);
    service.host.onStatus((key, { status }) => {
      if (key === 'exporter:keep' && status === 'starting') {
        world.settings
          .get('exporter:keep')!
          .reportStatus('recoverable_error', new Error('not yet connected'));
      }
    });
    await service.start();
    expect(service.host.statuses().get('exporter:keep')?.status).toBe('recoverable_error');
    await service.shutdown();
  });

  it('are not told any more to who has ended listening, nor kept by who throws', async () => {
    const world = new World();
    const service = world.service(logs);
    const { host } = service;
    host.onStatus(() => {
      throw new Error('bad listener');
    });
    const seen: string[] = [];
    const end = host.onStatus((key, { status }) => {
      seen.push(`${key} ${status}`);
      end();
    });
    await service.start();
    expect(seen).toEqual(['exporter:keep starting']);
    await service.shutdown();
  });

  it('reach the program, once, when one is fatal', async () => {
    const fatal: unknown[] = [];
    const world = new World({ onFatal: (key, error) => fatal.push([key, error.message]) });
    const service = world.service(logs);
    await service.start();
    world.settings.get('receiver:push')!.reportStatus('fatal_error', new Error('the port is gone'));
    world.settings.get('exporter:keep')!.reportStatus('fatal_error', new Error('so is the backend'));
    expect(fatal).toEqual([['receiver:push', 'the port is gone']]);
    await service.shutdown();
  });

  it('are logged when they are bad, and when they are good again', async () => {
    const world = new World();
    const service = world.service(logs);
    await service.start();
    const report = world.settings.get('exporter:keep')!.reportStatus;
    report('recoverable_error', new Error('the backend is gone'));
    report('ok');
    report('permanent_error', new Error('the key is wrong'));
    expect(world.logs.filter(({ level }) => level !== 'debug')).toEqual([
      {
        level: 'warn',
        message: 'component is in trouble',
        fields: { component: 'exporter:keep', status: 'recoverable_error', error: 'the backend is gone' },
      },
      {
        level: 'info',
        message: 'component has recovered',
        fields: { component: 'exporter:keep', status: 'ok' },
      },
      {
        level: 'error',
        message: 'component has failed',
        fields: { component: 'exporter:keep', status: 'permanent_error', error: 'the key is wrong' },
      },
    ]);
    await service.shutdown();
  });
});

describe('a configuration that nobody checked', () => {
  it('is refused if connectors lead back', () => {
    const create = () =>
      new World().service({
        pipelines: {
          'logs/1': { receivers: ['push', 'forward/b'], exporters: ['forward/a'] },
          'logs/2': { receivers: ['forward/a'], exporters: ['forward/b'] },
        },
      });
    expect(create).toThrow(
      new PipelineError(
        'CONFIG_INVALID',
        'service::pipelines: cycle detected: pipeline "logs/1" -> connector "forward/a" -> pipeline "logs/2" -> ' +
          'connector "forward/b" -> pipeline "logs/1". Take the connector out of one of these pipelines, or use a second one there.',
      ),
    );
  });

  it('is refused if it names what is not configured', () => {
    const create = () =>
      new World().service({ pipelines: { logs: { receivers: ['push'], exporters: ['nop'] } } });
    expect(create).toThrow(
      new PipelineError('CONFIG_INVALID', 'service: exporter "nop" is not configured. Add it to exporters.'),
    );
  });
});

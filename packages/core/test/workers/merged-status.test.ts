import type { Status, StatusEvent } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { MergedStatus } from '../../src/workers/merged-status.ts';

const event = (status: Status, text?: string): StatusEvent => ({
  status,
  timeUnixMs: 0,
  ...(text === undefined ? {} : { error: new Error(text) }),
});

function watched() {
  const merged = new MergedStatus();
  const seen: string[] = [];
  merged.subscribe((key, { status }) => seen.push(`${key} ${status}`));
  return { merged, seen };
}

describe('the state of a component with copies', () => {
  it('is the worst of them, told when it changes', () => {
    const { merged, seen } = watched();
    for (const copy of [1, 2]) merged.update(copy, 'exporter:otlp', event('starting'));
    merged.update(1, 'exporter:otlp', event('ok'));
    merged.update(2, 'exporter:otlp', event('ok'));
    merged.update(2, 'exporter:otlp', event('recoverable_error', 'the backend is away'));
    merged.update(1, 'exporter:otlp', event('permanent_error', 'the key is wrong'));
    merged.update(2, 'exporter:otlp', event('ok'));
    expect(seen.map((line) => line.split(' ')[1])).toEqual([
      'starting',
      'ok',
      'recoverable_error',
      'permanent_error',
    ]);
    expect(merged.events.get('exporter:otlp')).toEqual(event('permanent_error', 'the key is wrong'));
  });

  it('is trouble while a worker is gone, and what its replacement says after', () => {
    const { merged, seen } = watched();
    for (const copy of [1, 2]) merged.update(copy, 'receiver:otlp', event('ok'));
    merged.update(2, 'receiver:otlp', event('permanent_error', 'broken for good'));
    merged.update(0, 'extension:health_check', event('ok'));
    merged.lose(2, new Error('worker 2 died'));
    merged.update(2, 'receiver:otlp', event('starting'));
    merged.update(2, 'receiver:otlp', event('ok'));
    expect(seen).toEqual([
      'receiver:otlp ok',
      'receiver:otlp permanent_error',
      'extension:health_check ok',
      'receiver:otlp recoverable_error',
      'receiver:otlp starting',
      'receiver:otlp ok',
    ]);
  });
});

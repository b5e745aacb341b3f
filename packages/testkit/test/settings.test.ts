import { nopHost, testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';

describe('settings for a test', () => {
  it('keep what a component logs, counts and reports', () => {
    const settings = testSettings({ id: 'otlp/2', kind: 'exporter' });
    const error = new Error('gone');
    settings.logger.warn({ peer: 'a' }, 'the peer is gone');
    settings.telemetry.counter('otelcol_exporter_sent_spans', { description: '', unit: '{spans}' }).add(2);
    settings.reportStatus('recoverable_error', error);
    settings.reportStatus('ok');
    expect(settings.logs).toEqual([{ level: 'warn', message: 'the peer is gone', fields: { peer: 'a' } }]);
    expect(settings.registry.snapshot()).toEqual({ 'otelcol_exporter_sent_spans{exporter="otlp/2"}': 2 });
    expect(settings.reported).toEqual([{ status: 'recoverable_error', error }, { status: 'ok' }]);
  });

  it('name a pipeline only where one is given', () => {
    expect('pipeline' in testSettings()).toBe(false);
    expect(testSettings({ pipeline: 'logs/flows' }).pipeline).toBe('logs/flows');
  });
});

it('a host for a test has the extensions that it is given', () => {
  const extension = {};
  const host = nopHost({ health_check: extension });
  expect([host.extension('health_check'), host.extension('toString')]).toEqual([extension, undefined]);
});

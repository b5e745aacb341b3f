import type { Host, StatusEvent } from '@tributary/core';
import { nopHost, testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { exampleExtension } from '../src/index.ts';

it('logs how many components are in which state', async () => {
  const config = exampleExtension.configSchema.parse({ interval: '1ms' });
  const statuses = new Map<string, StatusEvent>([
    ['receiver:a', { status: 'ok', timeUnixMs: 0 }],
    ['exporter:b', { status: 'ok', timeUnixMs: 0 }],
    ['exporter:c', { status: 'recoverable_error', timeUnixMs: 0 }],
  ]);
  const host: Host = { ...nopHost(), statuses: () => statuses };
  const settings = testSettings({ kind: 'extension' });
  const extension = exampleExtension.create(settings, config);

  await extension.start?.(host);
  while (settings.logs.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await extension.shutdown?.();

  const fields = { ok: 2, recoverable_error: 1 };
  expect(settings.logs[0]).toEqual({ level: 'info', message: 'states of components', fields });
});

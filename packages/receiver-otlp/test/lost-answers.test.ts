import { testSettings } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { lostAnswers } from '../src/refused-requests.ts';

it('answers that clients gave no room are counted, from the first on', () => {
  const { telemetry, registry } = testSettings({ kind: 'receiver', id: 'otlp' });
  const count = lostAnswers(telemetry);
  expect(registry.snapshot()).toEqual({});
  count();
  count();
  expect(registry.snapshot()).toEqual({
    'otelcol_receiver_otlp_lost_answers{receiver="otlp",transport="grpc"}': 2,
  });
});

import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { describe, expect, it } from 'vitest';
import { k8sConfigSchema, validateK8sConfig } from '../src/config.ts';
import { METRIC_NAMES } from '../src/metrics/metric-heads.ts';

describe('the settings of the k8s receiver', () => {
  it('default to everything, as the service account', () => {
    expect(k8sConfigSchema.parse({})).toEqual({
      auth_type: 'serviceAccount',
      namespaces: [],
      resources: [
        ...['pods', 'services', 'endpointslices', 'nodes', 'namespaces', 'replicasets', 'deployments'],
        ...['statefulsets', 'daemonsets', 'jobs', 'cronjobs'],
      ],
      metrics: { enabled: true, interval: 10_000, exclude: [] },
      events: { enabled: true },
      entities: { enabled: true, interval: 300_000 },
    });
  });

  it('say what has no effect, and what is too short', () => {
    const config = k8sConfigSchema.parse({ context: 'lab', metrics: { interval: '10ms' } });
    expect(validateK8sConfig(config)).toEqual([
      {
        path: ['context'],
        message:
          'it has no effect but with auth_type "kubeConfig" (found auth_type "serviceAccount"). Set that, or remove context.',
      },
      { path: ['metrics', 'interval'], message: 'expected 1s or more' },
    ]);
  });

  it.each([
    [{ auth_type: 'token' }, 'Invalid option: expected one of "serviceAccount"|"kubeConfig"|"none"'],
    [{ resource: ['pods'] }, 'Unrecognized key: "resource"'],
    [{ resources: [] }, 'Too small: expected array to have >=1 items'],
  ])('refuse %j', (block, message) => {
    expect(k8sConfigSchema.safeParse(block).error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});

it('all metrics are of the semantic conventions', () => {
  const known = new Set<unknown>(Object.values(conventions));
  expect(METRIC_NAMES.filter((name) => !known.has(name))).toEqual([]);
});

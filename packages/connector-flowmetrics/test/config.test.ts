import { describe, expect, it } from 'vitest';
import { flowmetricsConnector } from '../src/index.ts';

function problemsOf(block: unknown): string[] {
  const config = flowmetricsConnector.configSchema.parse(block);
  return (flowmetricsConnector.validate?.(config) ?? []).map(
    ({ path, message }) => `${path.join('::')}: ${message}`,
  );
}

describe('the settings of the flowmetrics connector', () => {
  it('default as documented', () => {
    expect(flowmetricsConnector.configSchema.parse({})).toEqual({
      interval: 60_000,
      aggregation_temporality: 'cumulative',
      dimensions: {
        ends: [
          'k8s.namespace.name',
          'k8s.deployment.name',
          'k8s.statefulset.name',
          'k8s.daemonset.name',
          'k8s.cronjob.name',
          'k8s.job.name',
          'k8s.replicaset.name',
          'k8s.service.name',
          'container.name',
          'systemd.unit.name',
          'dns.question.name',
          'cloud.availability_zone',
          'owner.team',
        ],
        source: [],
        destination: [],
        flow: ['network.transport', 'network.flow.scope'],
      },
      watched: 'cluster',
      histogram: {
        type: 'exponential',
        max_size: 160,
        boundaries: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000],
      },
      max_series: 10_000,
      max_stale: 900_000,
    });
    expect(problemsOf({})).toEqual([]);
  });

  it('name every problem', () => {
    expect(
      problemsOf({
        interval: '1h',
        dimensions: {
          ends: ['k8s.namespace.name'],
          source: ['k8s.namespace.name'],
          flow: ['flow.end_reason', ...Array.from({ length: 130 }, (_, index) => `attribute.${index}`)],
        },
        histogram: { boundaries: ['1s', '1s'] },
      }),
    ).toEqual([
      'dimensions: name "source.k8s.namespace.name" twice. Remove one of them.',
      'dimensions: name "flow.end_reason", which the metrics have where it means something. Remove it.',
      'dimensions: are too many (found 134, counting both ends). Name at most 128.',
      'histogram::boundaries::1: must be greater than the one before it. Sort the list.',
      'max_stale: must not be shorter than interval (found 900s and 3600s). Lengthen it.',
    ]);
  });

  it('refuse what is unknown and what is too small', () => {
    const result = flowmetricsConnector.configSchema.safeParse({
      interval: '10ms',
      watched: 'all',
      max_series: 0,
    });
    expect(result.error?.issues.map(({ path, message }) => `${path.join('::')}: ${message}`)).toEqual([
      'interval: expected a duration of at least 1s',
      'watched: Invalid option: expected one of "cluster"|"node"|"none"',
      'max_series: Too small: expected number to be >=1',
    ]);
  });
});

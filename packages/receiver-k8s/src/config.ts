import { type ConfigProblem, duration, z } from '@tributary/core';
import { CLUSTER_RESOURCES, kubernetesAuthShape } from '@tributary/kubernetes';
import { METRIC_NAMES } from './metrics/metric-heads.ts';

/** The settings of the `k8s` receiver. */
export const k8sConfigSchema = z.strictObject({
  ...kubernetesAuthShape,
  node: z
    .string()
    .optional()
    .describe(
      'Only the pods of this node, and the node itself; mostly from the environment (`K8S_NODE_NAME`). All if absent or empty.',
    ),
  namespaces: z
    .array(z.string().min(1))
    .default([])
    .describe('Only objects of these namespaces; needs no rights in others. All if empty.'),
  label_selector: z
    .string()
    .min(1)
    .optional()
    .describe('Only pods with such labels: `app=web,tier in (a,b)`.'),
  field_selector: z
    .string()
    .min(1)
    .optional()
    .describe('Only pods with such fields: `status.phase=Running`.'),
  resources: z
    .array(z.enum(CLUSTER_RESOURCES))
    .min(1)
    .default([...CLUSTER_RESOURCES])
    .describe('What is watched. What is left out is not known, and needs no rights.'),
  metrics: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether a pipeline of metrics gets them.'),
      interval: duration({ default: '10s' }).describe('How often they are given.'),
      exclude: z.array(z.enum(METRIC_NAMES)).default([]).describe('Metrics that are left out.'),
    })
    .prefault({})
    .describe('How the objects are, as metrics `k8s.*`.'),
  events: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether a pipeline of logs gets them.'),
      namespaces: z
        .array(z.string().min(1))
        .optional()
        .describe('Only those of these namespaces; those of `namespaces` if absent.'),
    })
    .prefault({})
    .describe("Kubernetes' own Events, as log records."),
  entities: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether a pipeline of logs gets them.'),
      interval: duration({ default: '5m' }).describe(
        'How often what has not changed is told anew; 0 for never.',
      ),
    })
    .prefault({})
    .describe('Objects that come, change and go, as entity events.'),
});

/** The settings of the `k8s` receiver; durations in milliseconds. */
export type K8sConfig = z.output<typeof k8sConfigSchema>;

/** The shortest interval at which metrics are given, in milliseconds. */
const MIN_INTERVAL_MS = 1000;

/** Rules across fields. */
export function validateK8sConfig(config: K8sConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.auth_type !== 'kubeConfig') {
    for (const key of ['kube_config_path', 'context'] as const) {
      if (config[key] === undefined) continue;
      const found = `found auth_type "${config.auth_type}"`;
      problems.push({
        path: [key],
        message: `it has no effect but with auth_type "kubeConfig" (${found}). Set that, or remove ${key}.`,
      });
    }
  }
  if (config.metrics.interval < MIN_INTERVAL_MS) {
    problems.push({ path: ['metrics', 'interval'], message: 'expected 1s or more' });
  }
  return problems;
}

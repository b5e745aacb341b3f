import { defineReceiver } from '@tributary/core';
import { type K8sConfig, k8sConfigSchema, validateK8sConfig } from './config.ts';
import { K8sReceiver } from './k8s-receiver.ts';

/** The `k8s` receiver: what the Kubernetes API knows. */
export const k8sReceiver = defineReceiver<K8sConfig>({
  type: 'k8s',
  description:
    'What the Kubernetes API knows: who is who, for other components; and its Events, changes of its objects and how they are.',
  signals: { logs: 'alpha', metrics: 'alpha' },
  configSchema: k8sConfigSchema,
  validate: validateK8sConfig,
  create: (settings, config, next) => new K8sReceiver(settings, config, next),
});

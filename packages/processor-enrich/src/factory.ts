import { defineProcessor } from '@tributary/core';
import { type EnrichConfig, enrichConfigSchema } from './config.ts';
import { EnrichProcessor } from './enrich-processor.ts';
import {
  type K8sAttributesConfig,
  k8sAttributesConfigSchema,
  validateK8sAttributes,
} from './k8s-attributes/config.ts';
import { K8sAttributesProcessor } from './k8s-attributes/k8s-attributes-processor.ts';
import { validateFilterFields, validateResourceOptions } from './resources/validate-options.ts';
import { validateTables } from './tables/config.ts';

/** The `enrich` processor: says who is at both ends of each flow, and what sent each span, metric and log record. */
export const enrichProcessor = defineProcessor<EnrichConfig>({
  type: 'enrich',
  description: 'Says who is at both ends of each flow, and what sent each span, metric and log record.',
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema: enrichConfigSchema,
  validate: (config) => [
    ...validateResourceOptions(config),
    ...validateFilterFields(config),
    ...validateTables(config.tables),
  ],
  create: (settings, config, next) => new EnrichProcessor(settings, config, next),
});

/** The `k8s_attributes` processor of the Collector. */
export const k8sAttributesProcessor = defineProcessor<K8sAttributesConfig>({
  type: 'k8s_attributes',
  deprecatedAliases: ['k8sattributes'],
  description: 'Says which pod sent each span, metric and log record, from the Kubernetes API.',
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema: k8sAttributesConfigSchema,
  validate: validateK8sAttributes,
  create: (settings, config, next) => new K8sAttributesProcessor(settings, config, next),
});

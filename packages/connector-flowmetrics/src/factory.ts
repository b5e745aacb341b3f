import { defineConnector } from '@tributary/core';
import { type FlowmetricsConfig, flowmetricsConfigSchema, validateFlowmetricsConfig } from './config.ts';
import { FlowmetricsConnector } from './flowmetrics-connector.ts';

/** The `flowmetrics` connector: makes metrics with bounded label sets of `network.flow` events. */
export const flowmetricsConnector = defineConnector<FlowmetricsConfig>({
  type: 'flowmetrics',
  description: 'Makes metrics with bounded label sets of `network.flow` events.',
  routes: [{ from: 'logs', to: 'metrics', stability: 'beta' }],
  configSchema: flowmetricsConfigSchema,
  validate: validateFlowmetricsConfig,
  create: (settings, config, next) => new FlowmetricsConnector(settings, config, next),
});

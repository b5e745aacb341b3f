import { type ConfigProblem, duration, z } from '@tributary/core';
import { kubernetesAuthShape } from '@tributary/kubernetes';
import { resourceOptionsShape } from '../resources/config.ts';
import { validateResourceOptions } from '../resources/validate-options.ts';

/** The settings of the `k8s_attributes` processor: the Collector's. */
export const k8sAttributesConfigSchema = z.strictObject({
  ...kubernetesAuthShape,
  passthrough: z
    .boolean()
    .default(false)
    .describe(
      'Only adds `k8s.pod.ip`, the address of the sender, for another to go by; does not ask the API server.',
    ),
  wait_for_metadata: z
    .boolean()
    .default(false)
    .describe('Whether the start waits until the first lists are complete; until then nothing is received.'),
  wait_for_metadata_timeout: duration({ default: '10s', max: '1h' }).describe(
    'How long the start waits for that at most; then it fails.',
  ),
  ...resourceOptionsShape,
});

/** The settings of the `k8s_attributes` processor; durations in milliseconds. */
export type K8sAttributesConfig = z.output<typeof k8sAttributesConfigSchema>;

/** What is wrong that the schema cannot say. */
export function validateK8sAttributes(config: K8sAttributesConfig): readonly ConfigProblem[] {
  return validateResourceOptions(config);
}

/** How to reach an API server, by the settings of the Collector's Kubernetes components. */
import { z } from '@tributary/core';

/** The settings, to be spread into the `z.strictObject` of a component. */
export const kubernetesAuthShape = {
  auth_type: z
    .enum(['serviceAccount', 'kubeConfig', 'none'])
    .default('serviceAccount')
    .describe(
      "How to find the API server and to authenticate: `serviceAccount` as a pod of the cluster, `kubeConfig` by a kubeconfig file (the environment variable KUBECONFIG, else `~/.kube/config`), `none` as a pod's service account would, without credentials.",
    ),
  kube_config_path: z
    .string()
    .min(1)
    .optional()
    .describe('The kubeconfig file, with `auth_type: kubeConfig`; goes before KUBECONFIG.'),
  context: z
    .string()
    .min(1)
    .optional()
    .describe('The context of the kubeconfig file; its current one where this is not set.'),
};

const kubernetesAuthSchema = z.strictObject(kubernetesAuthShape);

/** The settings. */
export type KubernetesAuth = z.output<typeof kubernetesAuthSchema>;

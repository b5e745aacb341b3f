export { type KubernetesAuth, kubernetesAuthShape } from './api/auth-config.ts';
export type { ObjectHandler } from './api/object-handler.ts';
export type { ResourceSpec } from './api/resource-spec.ts';

export { ApiClient } from './api/api-client.ts';
export { type KubernetesAuth, kubernetesAuthShape } from './api/auth-config.ts';
export type { ObjectHandler } from './api/object-handler.ts';
export type { ResourceSpec } from './api/resource-spec.ts';
export { ResourceWatch, type ResourceWatchOptions } from './api/resource-watch.ts';
export type { WatchTiming } from './api/watch-timing.ts';

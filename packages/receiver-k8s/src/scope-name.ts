/** The instrumentation scope of everything that the receiver emits. */
export const SCOPE_NAME = '@tributary/receiver-k8s';

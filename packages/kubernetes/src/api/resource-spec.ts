/** Which objects of the API server are meant. */
export interface ResourceSpec {
  /** The API group; empty for the core. */
  readonly group: '' | 'apps' | 'batch' | 'discovery.k8s.io' | 'events.k8s.io';
  readonly version: 'v1';
  /** As in the path and in RBAC rules: `pods`. */
  readonly plural: string;
  /** As in an object's `kind`: `Pod`. */
  readonly kind: string;
  /** Those of one namespace; all namespaces, or a kind without namespaces, where it is not given. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Asks for names, labels, annotations and owners alone (`PartialObjectMetadata`). */
  readonly metadataOnly?: boolean;
}

/** How a resource is asked for: paths, media types, and what a role must allow. */
import type { ResourceSpec } from './resource-spec.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const METADATA = 'PartialObjectMetadata';

/** The path of a resource's collection. */
export function collectionPath({ group, version, plural, namespace }: ResourceSpec): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

/** The selectors as query parameters. */
export function selectorQuery({ labelSelector, fieldSelector }: ResourceSpec): Record<string, string> {
  return {
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
}

/** The kind of the objects that come: PartialObjectMetadata where only metadata is asked for. */
export function objectKind({ kind, metadataOnly }: ResourceSpec): string {
  return metadataOnly === true ? METADATA : kind;
}

/** The media type that is asked for. */
export function mediaType({ metadataOnly }: ResourceSpec, shape: 'list' | 'watch'): string {
  if (metadataOnly !== true) return PROTOBUF;
  return `${PROTOBUF};as=${METADATA}${shape === 'list' ? 'List' : ''};g=meta.k8s.io;v=v1`;
}

/** Whether an answer has the form that was asked for. */
export function isProtobuf(contentType: string): boolean {
  return contentType.startsWith(PROTOBUF);
}

/** What to call a resource in a message: `pods`, `deployments.apps in namespace shop`. */
export function resourceName({ group, plural, namespace }: ResourceSpec): string {
  const name = group === '' ? plural : `${plural}.${group}`;
  return namespace === undefined ? name : `${name} in namespace ${namespace}`;
}

/** What to say where a role does not allow enough. `said` is the server's own message. */
export function forbiddenText(spec: ResourceSpec, verb: string, said: string): string {
  const rule = `apiGroups ["${spec.group}"], resources ["${spec.plural}"], verbs ["list", "watch"]`;
  const kind = spec.namespace === undefined ? 'ClusterRole' : `Role of namespace ${spec.namespace}`;
  return `kubernetes ${resourceName(spec)}: not allowed to ${verb} them (${said}). The ${kind} needs the rule: ${rule}.`;
}

/** What to say where the API server does not have a resource. */
export function missingText(spec: ResourceSpec, said: string): string {
  const version = spec.group === '' ? spec.version : `${spec.group}/${spec.version}`;
  return `kubernetes ${resourceName(spec)}: the API server does not serve ${version} ${spec.plural} (${said}). Use Kubernetes 1.21 or later.`;
}

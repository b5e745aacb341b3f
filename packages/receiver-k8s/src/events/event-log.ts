import {
  ATTR_K8S_CLUSTER_UID,
  ATTR_K8S_EVENT_ACTION,
  ATTR_K8S_EVENT_COUNT,
  ATTR_K8S_EVENT_NAME,
  ATTR_K8S_EVENT_REASON,
  ATTR_K8S_EVENT_START_TIME,
  ATTR_K8S_EVENT_UID,
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_NODE_NAME,
  ATTR_K8S_OBJECT_API_VERSION,
  ATTR_K8S_OBJECT_FIELDPATH,
  ATTR_K8S_OBJECT_KIND,
  ATTR_K8S_OBJECT_NAME,
  ATTR_K8S_OBJECT_RESOURCE_VERSION,
  ATTR_K8S_OBJECT_UID,
  type Batch,
  LogsWriter,
} from '@tributary/core';
import { type AttributeMap, objectAttributes } from '../resource-attributes.ts';
import { SCOPE_NAME } from '../scope-name.ts';
import type { KubernetesEvent } from './kubernetes-event.ts';

/** The two types that there are. */
const SEVERITIES: Readonly<Record<string, readonly [number: number, text: string]>> = {
  Normal: [9, 'Normal'],
  Warning: [13, 'Warning'],
};

/**
 * Writes Events as the Collector's `k8s_events` receiver does: the message as body, the reason and the like as attributes, the
 * object that it is about as resource; of kinds that have attributes of their own (`k8s.pod.name`) those as well, so that
 * processors know what it is about.
 */
export class EventLog {
  readonly #writer = new LogsWriter();
  readonly #version: string;

  constructor(version: string) {
    this.#version = version;
  }

  /** The batch of one Event. */
  write(event: KubernetesEvent, nowMs: number, clusterUid: string | undefined): Batch | undefined {
    const { involved } = event;
    const namespace = involved.namespace === '' ? event.namespace : involved.namespace;
    this.#writer.resource(
      filled({
        [ATTR_K8S_CLUSTER_UID]: clusterUid ?? '',
        [ATTR_K8S_NODE_NAME]: event.host,
        ...(involved.namespace === '' ? {} : { [ATTR_K8S_NAMESPACE_NAME]: involved.namespace }),
        [ATTR_K8S_OBJECT_KIND]: involved.kind,
        [ATTR_K8S_OBJECT_NAME]: involved.name,
        [ATTR_K8S_OBJECT_UID]: involved.uid,
        [ATTR_K8S_OBJECT_FIELDPATH]: involved.fieldPath,
        [ATTR_K8S_OBJECT_API_VERSION]: involved.apiVersion,
        [ATTR_K8S_OBJECT_RESOURCE_VERSION]: involved.resourceVersion,
        ...objectAttributes(involved.kind, involved.name, involved.uid),
      }),
    );
    this.#writer.scope(SCOPE_NAME, this.#version);
    const [severityNumber, severityText] = SEVERITIES[event.type] ?? [0, event.type];
    const nowUnixNano = BigInt(nowMs) * 1_000_000n;
    this.#writer.record({
      timeUnixNano: event.timeUnixNano === 0n ? nowUnixNano : event.timeUnixNano,
      observedTimeUnixNano: nowUnixNano,
      severityNumber,
      severityText,
      body: event.message,
      attributes: filled({
        [ATTR_K8S_EVENT_REASON]: event.reason,
        [ATTR_K8S_EVENT_ACTION]: event.action,
        [ATTR_K8S_EVENT_START_TIME]: startTime(event.createdUnixNano),
        [ATTR_K8S_EVENT_NAME]: event.name,
        [ATTR_K8S_EVENT_UID]: event.uid,
        [ATTR_K8S_NAMESPACE_NAME]: namespace,
        ...(event.count > 0 ? { [ATTR_K8S_EVENT_COUNT]: event.count } : {}),
      }),
    });
    return this.#writer.finish();
  }
}

/** What the Event does not say is left out. */
function filled(attributes: AttributeMap): AttributeMap {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''));
}

function startTime(unixNano: bigint): string {
  return unixNano === 0n ? '' : new Date(Number(unixNano / 1_000_000n)).toISOString().replace('.000Z', 'Z');
}

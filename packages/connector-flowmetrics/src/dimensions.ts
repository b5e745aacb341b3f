/** The attributes by which flows are told apart: those that have few values, and say who is at both ends. */
import {
  ATTR_CLOUD_AVAILABILITY_ZONE,
  ATTR_CONTAINER_NAME,
  ATTR_DNS_QUESTION_NAME,
  ATTR_FLOW_DIRECTION,
  ATTR_FLOW_END_REASON,
  ATTR_FLOW_OBSERVER,
  ATTR_K8S_CRONJOB_NAME,
  ATTR_K8S_DAEMONSET_NAME,
  ATTR_K8S_DEPLOYMENT_NAME,
  ATTR_K8S_JOB_NAME,
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_REPLICASET_NAME,
  ATTR_K8S_SERVICE_NAME,
  ATTR_K8S_STATEFULSET_NAME,
  ATTR_NETWORK_FLOW_SCOPE,
  ATTR_NETWORK_TRANSPORT,
  ATTR_OTEL_METRIC_OVERFLOW,
  ATTR_OWNER_TEAM,
  ATTR_SYSTEMD_UNIT_NAME,
} from '@tributary/core';

/** Of each end: never what is as many as there are pods, addresses or ports. */
export const DEFAULT_END_DIMENSIONS = [
  ATTR_K8S_NAMESPACE_NAME,
  ATTR_K8S_DEPLOYMENT_NAME,
  ATTR_K8S_STATEFULSET_NAME,
  ATTR_K8S_DAEMONSET_NAME,
  ATTR_K8S_CRONJOB_NAME,
  ATTR_K8S_JOB_NAME,
  ATTR_K8S_REPLICASET_NAME,
  ATTR_K8S_SERVICE_NAME,
  ATTR_CONTAINER_NAME,
  ATTR_SYSTEMD_UNIT_NAME,
  ATTR_DNS_QUESTION_NAME,
  ATTR_CLOUD_AVAILABILITY_ZONE,
  ATTR_OWNER_TEAM,
] as const;

/** Of the flow itself. */
export const DEFAULT_FLOW_DIMENSIONS = [ATTR_NETWORK_TRANSPORT, ATTR_NETWORK_FLOW_SCOPE] as const;

/** What the metrics add themselves, and a dimension cannot be. */
export const OWN_ATTRIBUTES: readonly string[] = [
  ATTR_FLOW_DIRECTION,
  ATTR_FLOW_END_REASON,
  ATTR_FLOW_OBSERVER,
  ATTR_OTEL_METRIC_OVERFLOW,
];

/** More dimensions than this are none. */
export const MAX_DIMENSIONS = 128;

/** What the configuration says of dimensions. */
export interface Dimensions {
  readonly ends: readonly string[];
  readonly source: readonly string[];
  readonly destination: readonly string[];
  readonly flow: readonly string[];
}

/** The attributes of a flow record that are dimensions, in the order in which they stand in data points. */
export function dimensionNames({ ends, source, destination, flow }: Dimensions): string[] {
  return [
    ...[...ends, ...source].map((name) => `source.${name}`),
    ...[...ends, ...destination].map((name) => `destination.${name}`),
    ...flow,
  ];
}

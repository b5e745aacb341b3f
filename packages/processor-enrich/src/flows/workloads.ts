import {
  ATTR_K8S_CRONJOB_NAME,
  ATTR_K8S_DAEMONSET_NAME,
  ATTR_K8S_DEPLOYMENT_NAME,
  ATTR_K8S_JOB_NAME,
  ATTR_K8S_REPLICASET_NAME,
  ATTR_K8S_STATEFULSET_NAME,
  type Context,
  type Pod,
} from '@tributary/core';
import type { EndWorkload } from '../end-facts.ts';
import type { Dependencies } from './dependencies.ts';

/** The attribute that names a workload, by its kind as the API has it. */
export const WORKLOAD_ATTRIBUTES: Readonly<Record<string, string>> = {
  CronJob: ATTR_K8S_CRONJOB_NAME,
  DaemonSet: ATTR_K8S_DAEMONSET_NAME,
  Deployment: ATTR_K8S_DEPLOYMENT_NAME,
  Job: ATTR_K8S_JOB_NAME,
  ReplicaSet: ATTR_K8S_REPLICASET_NAME,
  StatefulSet: ATTR_K8S_STATEFULSET_NAME,
};

/** What made a pod, at the top: the owner of its owner where there is one. Undefined for a pod that is by itself. */
export function workloadOf(
  context: Context,
  { owner }: Pod,
  dependencies: Dependencies,
): EndWorkload | undefined {
  if (owner === undefined) return undefined;
  const workload = dependencies.newest(context.workloads, owner.uid);
  const { kind, name } = workload?.owner ?? owner;
  return { kind, name };
}

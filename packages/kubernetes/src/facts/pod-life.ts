/**
 * From when to when a pod can have held its addresses, by what its object says. docs/facts.md has the reasons. Seconds in
 * objects are cut off, so each stands for the whole second that follows it. Times are milliseconds since the Unix epoch.
 */
import type { ContainerReport } from '../objects/container-status.ts';
import type { PodState } from '../objects/pod.ts';
import { createdOf, endOf, type Moment } from './moment.ts';

/** The earliest time at which the pod can have held an address: traffic comes long before the kubelet reports it. */
export function earliestMs(pod: PodState, moment: Moment): number {
  const started = pod.startSeconds * 1000;
  // The object of a static pod is made after the pod, by the kubelet that runs it.
  if (pod.meta.staticUid !== '' && started !== 0) return Math.min(started, moment.atMs);
  return Math.min(Math.max(createdOf(pod.meta.createdSeconds, moment), started), moment.atMs);
}

/**
 * When the first of the pod's containers ran, before which it cannot have sent anything; -Infinity if that is not known,
 * as of a pod whose containers have been restarted often.
 */
export function firstRunMs(pod: PodState): number {
  let first = Number.POSITIVE_INFINITY;
  for (const report of pod.reports) {
    const seconds = firstRunSeconds(report);
    if (seconds === undefined) return Number.NEGATIVE_INFINITY;
    first = Math.min(first, seconds * 1000);
  }
  return first === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : first;
}

/** By when the first of the pod's containers ran; of a pod of which that is not known, a second after it may have begun. */
export function surelyRunsMs(pod: PodState, fromMs: number): number {
  const first = firstRunMs(pod);
  return (Number.isFinite(first) ? first : fromMs) + 1000;
}

/**
 * Whether the pod has given up its addresses: it has come to its end, or it is being deleted and nothing of it runs any more.
 * A pod whose containers have all ended but will be started again keeps them.
 */
export function hasEnded(pod: PodState): boolean {
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed') return true;
  return pod.meta.isDeleting && pod.specs.length > 0 && lastFinishMs(pod) !== undefined;
}

/** By when a pod that has ended had given up its addresses. */
export function endedMs(pod: PodState, moment: Moment): number {
  const finished = lastFinishMs(pod);
  return finished === undefined ? endOf(moment) : Math.min(finished + 1000, moment.atMs);
}

/** When the last of its containers ended; undefined unless all that the specification names have, and say when. */
function lastFinishMs(pod: PodState): number | undefined {
  let last = 0;
  let missing = 0;
  for (const { role } of pod.specs) if (role === 'app') missing += 1;
  for (const { condition, finishedSeconds, role } of pod.reports) {
    // An init container that never came to its turn.
    if (role !== 'app' && condition.state === 'waiting') continue;
    // The kubelet writes no time, or the beginning of all, where it has lost sight of a container.
    if (condition.state !== 'terminated' || finishedSeconds === 0) return undefined;
    if (finishedSeconds < pod.meta.createdSeconds) return undefined;
    if (role === 'app') missing -= 1;
    last = Math.max(last, finishedSeconds);
  }
  return missing <= 0 && last > 0 ? last * 1000 : undefined;
}

/** The beginning of a container's first run; Infinity if it has not run, undefined if nobody knows any more. */
function firstRunSeconds(report: ContainerReport): number | undefined {
  const { restartCount, startedSeconds, lastStartedSeconds } = report;
  if (restartCount === 0 && lastStartedSeconds === 0) {
    if (startedSeconds > 0) return startedSeconds;
    return report.condition.state === 'waiting' && report.id === '' ? Number.POSITIVE_INFINITY : undefined;
  }
  return restartCount === 1 && lastStartedSeconds > 0 ? lastStartedSeconds : undefined;
}

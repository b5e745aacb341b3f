import type { Context } from '@tributary/core';
import type { ContainerSpec } from '../objects/container-parts.ts';
import type { ContainerReport } from '../objects/container-status.ts';
import { NO_PAIRS } from '../objects/pairs.ts';
import type { PodState } from '../objects/pod.ts';
import { claimId } from './claims.ts';
import type { FactCounters } from './fact-counters.ts';
import { PodContainer, type WatchedPod } from './watched-pod.ts';

/**
 * Keeps the containers of pods, and the context's knowledge of their ids. A container is one object for as long as its pod
 * lives: a restart gives it another id. An id is never another container's, so it is claimed for all times.
 */
export class PodContainers {
  readonly #context: Context;
  readonly #counters: FactCounters;

  constructor(context: Context, counters: FactCounters) {
    this.#context = context;
    this.#counters = counters;
  }

  /** Takes in which containers the pod has and how they are; whether anything has changed. */
  update(pod: WatchedPod, state: PodState, atMs: number): boolean {
    let hasChanged = this.#updateSpecs(pod, state, atMs);
    for (const report of state.reports) {
      const container = pod.containers.find(({ spec }) => spec.name === report.name);
      if (container !== undefined && this.#updateContainer(container, report, atMs)) hasChanged = true;
    }
    return hasChanged;
  }

  /** The pod is gone. */
  release(pod: WatchedPod, endMs: number): void {
    for (const container of pod.containers) {
      this.#release(container.id, container, endMs);
      this.#release(container.lastId, container, endMs);
    }
  }

  #updateSpecs(pod: WatchedPod, state: PodState, atMs: number): boolean {
    const specs = specsOf(state);
    const { containers } = pod;
    if (
      containers.length === specs.length &&
      containers.every(({ spec }, index) => spec === specs[index] || areSpecsEqual(spec, specs[index]!))
    ) {
      return false;
    }
    pod.containers = specs.map((spec) => {
      const known = containers.find(({ name }) => name === spec.name);
      if (known === undefined) return new PodContainer(pod, spec);
      if (known.spec !== spec) {
        known.spec = spec;
        known.revision += 1;
      }
      return known;
    });
    for (const container of containers) {
      if (pod.containers.includes(container)) continue;
      this.#release(container.id, container, atMs);
      this.#release(container.lastId, container, atMs);
    }
    return true;
  }

  #updateContainer(container: PodContainer, report: ContainerReport, atMs: number): boolean {
    const { id, lastId, imageId, restartCount, condition } = report;
    if (
      container.id === id &&
      container.lastId === lastId &&
      container.imageId === imageId &&
      container.restartCount === restartCount &&
      container.condition === condition
    ) {
      return false;
    }
    const before = [container.id, container.lastId];
    container.id = id;
    container.lastId = lastId === id ? '' : lastId;
    container.imageId = imageId;
    container.restartCount = restartCount;
    container.condition = condition;
    container.revision += 1;
    for (const old of before) {
      if (old !== id && old !== container.lastId) this.#release(old, container, atMs);
    }
    this.#claim(id, container);
    this.#claim(container.lastId, container);
    return true;
  }

  #claim(id: string, container: PodContainer): void {
    if (id === '') return;
    if (!claimId(this.#context.containers, id, container)) this.#counters.add('pods', 'table_full');
  }

  #release(id: string, container: PodContainer, endMs: number): void {
    if (id === '') return;
    this.#context.containers.release(id, container, endMs);
  }
}

/** The containers of the specification, and those that only the status names. */
function specsOf({ specs, reports }: PodState): ContainerSpec[] {
  const all = specs;
  for (const { name, role } of reports) {
    if (all.some((spec) => spec.name === name)) continue;
    all.push({ name, image: '', role, requests: NO_PAIRS, limits: NO_PAIRS });
  }
  return all;
}

function areSpecsEqual(left: ContainerSpec, right: ContainerSpec): boolean {
  return left.name === right.name && left.image === right.image && left.role === right.role;
}

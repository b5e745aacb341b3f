/** Whose a socket is, as the record of the one who saw it says. */
import type { Container, Context, Pod } from '@tributary/core';

/** What a record says of the owner; the empty string where it does not say it. */
export interface OwnerNames {
  readonly containerId: string;
  readonly podUid: string;
  /** The systemd unit. */
  readonly unit: string;
  /** The unit of a user's systemd. */
  readonly userUnit: string;
  readonly hostName: string;
}

/**
 * Container ids and pod uids are never handed on, so whom they name is asked of the context without a time, and only until it
 * is known.
 */
export class SocketOwner implements OwnerNames {
  readonly containerId: string;
  readonly podUid: string;
  readonly unit: string;
  readonly userUnit: string;
  readonly hostName: string;
  /** Tells it from the other owners that are kept with it, for who keeps something beside each; -1 if it is not kept. */
  readonly number: number;
  #container: Container | undefined;
  #pod: Pod | undefined;

  constructor({ containerId, podUid, unit, userUnit, hostName }: OwnerNames, number = -1) {
    this.containerId = containerId;
    this.podUid = podUid;
    this.unit = unit;
    this.userUnit = userUnit;
    this.hostName = hostName;
    this.number = number;
  }

  /** Whether another is told to be the same. */
  equals(other: SocketOwner): boolean {
    if (other === this) return true;
    return (
      other.containerId === this.containerId &&
      other.podUid === this.podUid &&
      other.unit === this.unit &&
      other.userUnit === this.userUnit &&
      other.hostName === this.hostName
    );
  }

  /** The container, if the context knows it. */
  container(context: Context): Container | undefined {
    if (this.#container === undefined && this.containerId !== '' && !this.#isContradicted(context)) {
      this.#container = context.containers.newest(this.containerId);
    }
    return this.#container;
  }

  /** The pod, if the context knows it. */
  pod(context: Context): Pod | undefined {
    this.#pod ??= this.container(context)?.pod;
    if (this.#pod === undefined && this.podUid !== '' && !this.#isContradicted(context)) {
      this.#pod = context.pods.newest(this.podUid);
    }
    return this.#pod;
  }

  /** Container and pod come from one cgroup path: where the context has them apart, neither can be believed. */
  #isContradicted(context: Context): boolean {
    if (this.containerId === '' || this.podUid === '') return false;
    const container = context.containers.newest(this.containerId);
    const pod = context.pods.newest(this.podUid);
    return container !== undefined && pod !== undefined && container.pod !== pod;
  }

  /** Whether it is told to be in a container or pod, known or not. */
  get isContained(): boolean {
    return this.containerId !== '' || this.podUid !== '';
  }
}

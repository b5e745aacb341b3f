/** Whose a socket is, as the record of the one who saw it says. */
import type { Container, Context, Pod } from '@tributary/core';

/**
 * Container ids and pod uids are never handed on, so whom they name is asked of the context without a time, and only until it
 * is known. Owners that say the same are one object: they can be compared, and what is made of them is kept by them.
 */
export class SocketOwner {
  /** The empty string where it is not told. */
  readonly containerId: string;
  readonly podUid: string;
  /** The systemd unit. */
  readonly unit: string;
  /** The unit of a user's systemd. */
  readonly userUnit: string;
  readonly hostName: string;
  #container: Container | undefined;
  #pod: Pod | undefined;

  constructor(containerId: string, podUid: string, unit: string, userUnit: string, hostName: string) {
    this.containerId = containerId;
    this.podUid = podUid;
    this.unit = unit;
    this.userUnit = userUnit;
    this.hostName = hostName;
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

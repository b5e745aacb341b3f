/** A cluster told in events: what the API server says, when, and what the context makes of it. */
import { addressKey, Context, nopTelemetry } from '@tributary/core';
import { ClusterFacts } from '../../src/facts/cluster-facts.ts';
import { encode } from '../objects/encode.ts';

/** A second of the story is a second after this, in milliseconds since the Unix epoch. */
export const BEGIN_MS = 1_795_334_400_000;

/** What a test says of a pod; times in seconds of the story, cut off as the API cuts them off. */
export interface PodInput {
  readonly uid?: string;
  readonly ip?: string | readonly string[];
  readonly created?: number;
  readonly started?: number;
  readonly deleting?: boolean;
  readonly phase?: string;
  /** Of its container: when it began, and when it ended. */
  readonly ran?: readonly [from: number, to?: number];
  readonly restarts?: number;
  readonly id?: string;
  readonly lastId?: string;
  readonly hostNetwork?: boolean;
  readonly hostIP?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly version?: number;
}

/** Tells a story and asks who held an address when. */
export class Story {
  readonly context = new Context();
  readonly facts = new ClusterFacts(this.context, { telemetry: nopTelemetry });
  readonly pods = this.facts.handler('pods');
  #version = 100;

  /** A list of pods, at a second of the story. */
  list(at: number, pods: Readonly<Record<string, PodInput>>): void {
    this.pods.listing();
    for (const [name, pod] of Object.entries(pods)) this.pods.seen(this.pod(name, pod), ms(at));
    this.pods.listed(ms(at));
  }

  seen(at: number, name: string, pod: PodInput): void {
    this.pods.seen(this.pod(name, pod), ms(at));
  }

  deleted(at: number, name: string, pod: PodInput): void {
    this.pods.deleted(this.pod(name, pod), ms(at));
  }

  /** The name of the pod that held an address; `nobody` if none is known, or more than one. */
  holder(address: string, at: number): string {
    const holder = this.context.addresses.at(addressKey(address)!, ms(at));
    return holder?.kind === 'pod' ? holder.name : 'nobody';
  }

  /** Who held an address at some seconds of the story. */
  holders(address: string, at: readonly number[]): string {
    return at.map((second) => this.holder(address, second)).join(' ');
  }

  /** The bytes of a pod, each newer than the one before unless it says. */
  pod(name: string, pod: PodInput): Buffer {
    const {
      uid = name,
      ip,
      created = 0,
      started = created,
      ran,
      id = `${uid}-1`,
      restarts = 0,
      lastId,
    } = pod;
    const addresses = ip === undefined ? [] : typeof ip === 'string' ? [ip] : ip;
    const [from, to] = ran ?? [];
    const running = { running: { startedAt: time(from ?? 0) } };
    const terminated = {
      terminated: { startedAt: time(from ?? 0), ...(to === undefined ? {} : { finishedAt: time(to) }) },
    };
    this.#version += 1;
    return encode('Pod', {
      metadata: {
        name,
        namespace: 'ns',
        uid,
        resourceVersion: String(pod.version ?? this.#version),
        creationTimestamp: time(created),
        ...(pod.deleting === true ? { deletionTimestamp: time(created + 60) } : {}),
        annotations: pod.annotations ?? {},
      },
      spec: {
        nodeName: 'node',
        hostNetwork: pod.hostNetwork ?? false,
        containers: [{ name: 'app', image: 'i' }],
      },
      status: {
        phase: pod.phase ?? 'Running',
        ...(addresses.length > 0 || pod.started !== undefined ? { startTime: time(started) } : {}),
        podIPs: addresses.map((address) => ({ ip: address })),
        hostIP: pod.hostIP ?? '192.168.0.1',
        containerStatuses:
          ran === undefined
            ? []
            : [
                {
                  name: 'app',
                  containerID: `containerd://${id}`,
                  restartCount: restarts,
                  state: to === undefined ? running : terminated,
                  ...(lastId === undefined
                    ? {}
                    : { lastState: { terminated: { containerID: `containerd://${lastId}` } } }),
                },
              ],
      },
    });
  }
}

/** A second of the story in milliseconds since the Unix epoch. */
export function ms(second: number): number {
  return BEGIN_MS + second * 1000;
}

function time(second: number): { seconds: number } {
  return { seconds: BEGIN_MS / 1000 + Math.floor(second) };
}

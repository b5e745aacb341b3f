/** What the lab tells an API server as kubelets and controllers do: while it is away, as during a restart, they ask again. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { poll } from '../poll.ts';
import { ApiRefusal } from './api-requests.ts';
import type { ControlPlane } from './control-plane.ts';
import { type KubeObject, type PodRequest, podObject } from './objects.ts';
import { takeBackOrphans } from './orphaned-addresses.ts';

/** How long it may be away, in milliseconds. */
const AWAY_LIMIT_MS = 120_000;
const PAUSE_MS = 20;
/** Distinguishes an object that an earlier try has made from somebody else's. */
const TRY_ANNOTATION = 'lab.tributary.dev/try';

interface Made {
  readonly metadata: { readonly uid: string; readonly annotations?: Readonly<Record<string, string>> };
}

/** Writes objects. */
export class PatientApi {
  readonly #controlPlane: ControlPlane;
  readonly #namespaces = new Set<string>();

  constructor(controlPlane: ControlPlane) {
    this.#controlPlane = controlPlane;
  }

  /** Makes a namespace unless it has. */
  async namespace(name: string): Promise<void> {
    if (this.#namespaces.has(name)) return;
    await this.#insist(() => this.#controlPlane.namespace(name));
    this.#namespaces.add(name);
  }

  /** Creates a pod and returns its UID. While another of the same name is about to go, it waits. */
  async createPod(request: PodRequest): Promise<string> {
    const attempt = randomUUID();
    const annotations = { ...request.annotations, [TRY_ANNOTATION]: attempt };
    const object = podObject({ ...request, annotations });
    const collection = `/api/v1/namespaces/${request.namespace}/pods`;
    return await poll(
      `the pod ${request.namespace}/${request.name} to be created`,
      async () => {
        try {
          const made = await this.#insist(() => this.#controlPlane.request<Made>('POST', collection, object));
          return made.metadata.uid;
        } catch (error) {
          if (!(error instanceof ApiRefusal && error.status === 409)) throw error;
        }
        const path = `${collection}/${request.name}`;
        const found = await this.#unlessGone(() => this.#controlPlane.request<Made>('GET', path));
        return found?.metadata.annotations?.[TRY_ANNOTATION] === attempt ? found.metadata.uid : undefined;
      },
      AWAY_LIMIT_MS,
    );
  }

  /** Makes an object what is given here and returns its UID. */
  async apply(path: string, object: KubeObject): Promise<string> {
    const { metadata } = await this.#insist(() => this.#controlPlane.apply<Made>(path, object));
    return metadata.uid;
  }

  /** The same of a Service with these addresses, which a try that an API server's end cut short may have left taken. */
  async applyService(path: string, object: KubeObject, addresses: readonly string[]): Promise<void> {
    try {
      await this.apply(path, object);
    } catch (error) {
      const isTaken = error instanceof ApiRefusal && error.message.includes('IP is already allocated');
      if (!isTaken || !(await this.#insist(() => takeBackOrphans(this.#controlPlane, addresses))))
        throw error;
      await this.apply(path, object);
    }
  }

  /** Says what an object's status is now, if it is still there. */
  async patchStatus(path: string, status: KubeObject): Promise<void> {
    await this.#unlessGone(() => this.#controlPlane.request('PATCH', `${path}/status`, status));
  }

  /** Deletes an object, if it is still there. */
  async delete(path: string, gracePeriodSeconds?: number): Promise<void> {
    const options = gracePeriodSeconds === undefined ? undefined : { gracePeriodSeconds };
    await this.#unlessGone(() => this.#controlPlane.request('DELETE', path, options));
  }

  async #unlessGone<T>(send: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#insist(send);
    } catch (error) {
      if (error instanceof ApiRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Sends a request until the API server takes it or refuses it for good. */
  #insist<T>(send: () => Promise<T>): Promise<T> {
    return poll<{ answer: T }>(
      'the API server',
      async () => {
        try {
          return { answer: await send() };
        } catch (error) {
          if (error instanceof ApiRefusal && error.status < 500 && error.status !== 429) throw error;
          await delay(PAUSE_MS);
          return undefined;
        }
      },
      AWAY_LIMIT_MS,
    ).then(({ answer }) => answer);
  }
}

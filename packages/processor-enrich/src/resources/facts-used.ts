import type { Context, KubeNamespace, KubeNode, Owner, Workload } from '@tributary/core';

/** An entity that was asked for, or that there was none, and how far it had changed. */
interface Used {
  readonly table: 'workloads' | 'namespaces' | 'nodes';
  readonly key: string;
  readonly entity: { readonly revision: number } | undefined;
  readonly revision: number;
}

/**
 * What was looked up to make the attributes of something, so that it is known when they are out of date: another entity stands
 * under the same key, or the same one has changed. These keys are never handed on, or only to what replaces the thing, so that
 * what has died is still answered for.
 */
export class FactsUsed {
  readonly #context: Context;
  readonly #used: Used[] = [];

  constructor(context: Context) {
    this.#context = context;
  }

  workload(owner: Owner | undefined): Workload | undefined {
    return owner === undefined ? undefined : this.workloadOf(owner.uid);
  }

  workloadOf(uid: string): Workload | undefined {
    return this.#note('workloads', uid, this.#context.workloads.newest(uid));
  }

  namespace(name: string): KubeNamespace | undefined {
    return this.#note('namespaces', name, this.#context.namespaces.newest(name));
  }

  node(name: string): KubeNode | undefined {
    return name === '' ? undefined : this.#note('nodes', name, this.#context.nodes.newest(name));
  }

  /** Whether all of it is still so. */
  areCurrent(): boolean {
    for (const { table, key, entity, revision } of this.#used) {
      const now = this.#context[table].newest(key);
      if (now !== entity || (now !== undefined && now.revision !== revision)) return false;
    }
    return true;
  }

  #note<E extends { readonly revision: number }>(
    table: Used['table'],
    key: string,
    entity: E | undefined,
  ): E | undefined {
    this.#used.push({ table, key, entity, revision: entity?.revision ?? 0 });
    return entity;
  }
}

import type { Component, Host } from '@tributary/core';

/** A host of a running service that has only the `extensions` given here. */
export function nopHost(extensions: Readonly<Record<string, Component>> = {}): Host {
  return {
    extension: (id) => (Object.hasOwn(extensions, id) ? extensions[id] : undefined),
    onStatus: () => () => undefined,
    statuses: () => new Map(),
    isReady: true,
  };
}

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Context } from '@tributary/core';
import { jsonBatch, sink, testSettings } from '@tributary/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { k8sAttributesProcessor } from '../../src/index.ts';
import { waitForFacts } from '../../src/k8s-attributes/wait-for-facts.ts';

/** An API server that takes connections and never answers. */
const silent = createServer(() => undefined);
let folder: string;
let kubeConfig: string;

beforeAll(async () => {
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const server = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  folder = mkdtempSync(path.join(tmpdir(), 'tributary-start-'));
  kubeConfig = path.join(folder, 'config');
  const text = {
    'current-context': 'a',
    clusters: [{ name: 'a', cluster: { server } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    users: [{ name: 'a', user: {} }],
  };
  writeFileSync(kubeConfig, JSON.stringify(text));
});
afterAll(() => {
  silent.close();
  rmSync(folder, { recursive: true });
});

function processor(block: object, context = new Context()) {
  const config = k8sAttributesProcessor.configSchema.parse(block);
  const out = sink();
  const settings = testSettings({ kind: 'processor', id: 'k8s_attributes', pipeline: 'traces', context });
  return { component: k8sAttributesProcessor.create(settings, config, out), out };
}

describe('the start', () => {
  it('fails when the first lists are not complete in time, and names what is missing', async () => {
    const { component } = processor({
      auth_type: 'kubeConfig',
      kube_config_path: kubeConfig,
      wait_for_metadata: true,
      wait_for_metadata_timeout: '100ms',
      extract: { metadata: ['k8s.pod.name'] },
    });
    await expect(component.start?.({} as never)).rejects.toMatchObject({
      code: 'METADATA_TIMEOUT',
      message:
        'processors::k8s_attributes: the first lists were not complete after 0.1 s (missing: k8s pods). Look for what hinders them in the log, or raise wait_for_metadata_timeout.',
    });
  });

  it('does not wait unless it is told to; what comes before the lists passes as it is', async () => {
    const context = new Context();
    const { component, out } = processor({ auth_type: 'kubeConfig', kube_config_path: kubeConfig }, context);
    await component.start?.({} as never);
    await component.consume(jsonBatch({ resourceSpans: [] }));
    const loading = context.sources.list().map(({ state }) => state);
    await component.shutdown?.();
    expect([out.batches.length, [...new Set(loading)], context.sources.list()]).toEqual([1, ['loading'], []]);
  });

  it('fails without a kubeconfig', async () => {
    const missing = path.join(folder, 'missing');
    const { component } = processor({ auth_type: 'kubeConfig', kube_config_path: missing });
    await expect(component.start?.({} as never)).rejects.toMatchObject({ code: 'COMPONENT_START' });
  });

  it('asks nobody in passthrough mode', async () => {
    const context = new Context();
    const { component } = processor({ passthrough: true, wait_for_metadata: true }, context);
    await component.start?.({} as never);
    expect(context.sources.list()).toEqual([]);
    await component.shutdown?.();
  });
});

describe('who waits for facts', () => {
  it('goes on at once where nothing is loading', async () => {
    const { sources } = new Context();
    await expect(waitForFacts(sources, 1, 'a')).resolves.toBeUndefined();
  });

  it('goes on when the last of them is complete or has given up', async () => {
    const context = new Context();
    const [pods, nodes] = [context.source('pods'), context.source('nodes')];
    let isDone = false;
    const waiting = waitForFacts(context.sources, 60_000, 'a').then(() => {
      isDone = true;
    });
    pods.current();
    await Promise.resolve();
    expect(isDone).toBe(false);
    nodes.close();
    await waiting;
    expect(isDone).toBe(true);
  });
});

import type { AnyValue } from '@tributary/core';
import { testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { METADATA } from '../../src/resources/config.ts';
import { ResourceJoin } from '../../src/resources/resource-join.ts';
import { Facts } from './facts.ts';
import { batchOf, extracting, joined, joinOf, optionsOf } from './join.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

function deployed(facts: Facts): void {
  const deployment = facts.workload('Deployment', 'cart');
  const owner = facts.workload('ReplicaSet', 'cart-6f9c7d54bb', deployment);
  facts.pod({ owner, containers: [{ id: 'c1', imageId: `registry.example/shop/cart@${DIGEST}` }] });
}

describe('a resource', () => {
  it('gets what the Collector adds by default', () => {
    const facts = new Facts();
    deployed(facts);
    expect(joined(joinOf(facts), { 'service.name': 'cart' }, { peerAddress: '10.2.0.7' })).toEqual({
      'service.name': 'cart',
      'k8s.pod.name': 'cart-6f9c7d54bb-x2x4z',
      'k8s.namespace.name': 'shop',
      'k8s.pod.start_time': '2023-11-14T22:13:20Z',
      'k8s.pod.uid': 'uid-of-cart',
      'k8s.deployment.name': 'cart',
      'k8s.node.name': 'node-1',
      'container.image.name': 'registry.example/shop/cart',
      'container.image.tag': '1.4',
    });
  });

  it('gets all that can be asked for', () => {
    const facts = new Facts();
    facts.namespace('kube-system');
    facts.node('node-1');
    deployed(facts);
    expect(joined(joinOf(facts, extracting(...METADATA)), {}, { peerAddress: '10.2.0.7' })).toEqual({
      'k8s.pod.name': 'cart-6f9c7d54bb-x2x4z',
      'k8s.namespace.name': 'shop',
      'k8s.pod.start_time': '2023-11-14T22:13:20Z',
      'k8s.pod.uid': 'uid-of-cart',
      'k8s.pod.ip': '10.2.0.7',
      'k8s.deployment.name': 'cart',
      'k8s.deployment.uid': 'uid-of-cart',
      'k8s.replicaset.name': 'cart-6f9c7d54bb',
      'k8s.replicaset.uid': 'uid-of-cart-6f9c7d54bb',
      'k8s.node.name': 'node-1',
      'k8s.node.uid': 'uid-of-node-1',
      'k8s.cluster.uid': 'uid-of-kube-system',
      'k8s.container.name': 'app',
      'container.id': 'c1',
      'container.image.name': 'registry.example/shop/cart',
      'container.image.tag': '1.4',
      'container.image.repo_digests': [`registry.example/shop/cart@${DIGEST}`],
      'service.namespace': 'shop',
      'service.name': 'cart',
      'service.version': '1.4',
      'service.instance.id': 'shop.cart-6f9c7d54bb-x2x4z.app',
    });
  });

  it('keeps what it says itself, unless it is empty', () => {
    const facts = new Facts();
    deployed(facts);
    const resource = { 'k8s.pod.name': 'mine', 'k8s.node.name': '', 'k8s.pod.uid': 7 };
    const options = extracting('k8s.pod.name', 'k8s.node.name', 'k8s.pod.uid');
    expect(joined(joinOf(facts, options), resource, { peerAddress: '10.2.0.7' })).toEqual({
      'k8s.pod.name': 'mine',
      'k8s.node.name': 'node-1',
      'k8s.pod.uid': 7,
    });
  });

  it('whose pod is not known stays as it is, and is counted', () => {
    const facts = new Facts();
    const settings = testSettings({ kind: 'processor', id: 'k8s_attributes', context: facts.context });
    const join = ResourceJoin.create(settings, optionsOf());
    const batch = batchOf({ 'service.name': 'a' });
    const bytes = batch.toBytes();
    join.join(batch);
    expect(batch.toBytes()).toBe(bytes);
    deployed(facts);
    join.join(batchOf({ 'k8s.pod.ip': '10.2.0.7' }));
    expect(settings.registry.snapshot()).toMatchObject({
      'otelcol.k8s.pod.association{otelcol.signal="traces",processor="k8s_attributes",status="error"}': 1,
      'otelcol.k8s.pod.association{otelcol.signal="traces",processor="k8s_attributes",status="success"}': 1,
    });
  });

  it('of an unknown pod still gets what its namespace, node and workload tell', () => {
    const facts = new Facts();
    facts.namespace('shop', { labels: ['team', 'billing'] });
    facts.node('node-1', { labels: ['zone', 'a'] });
    facts.workload('Deployment', 'cart', undefined, { labels: ['tier', 'gold'] });
    const join = joinOf(facts, {
      extract: {
        metadata: ['service.namespace'],
        labels: [
          { key: 'team', from: 'namespace' },
          { key: 'zone', from: 'node', tag_name: 'zone' },
          { key: 'tier', from: 'deployment' },
        ],
      },
    });
    const resource = {
      'k8s.namespace.name': 'shop',
      'k8s.node.name': 'node-1',
      'k8s.deployment.uid': 'uid-of-cart',
    };
    expect(joined(join, resource)).toEqual({
      ...resource,
      'k8s.namespace.labels.team': 'billing',
      'service.namespace': 'shop',
      zone: 'a',
      'k8s.node.uid': 'uid-of-node-1',
      'k8s.deployment.label.tier': 'gold',
    });
  });

  it('sees every change of the pod and of what the pod belongs to', () => {
    const facts = new Facts();
    const pod = facts.pod({
      owner: { kind: 'ReplicaSet', name: 'cart-6f9c7d54bb', uid: 'uid-of-cart-6f9c7d54bb' },
      containers: [{ id: 'c1' }],
    });
    const join = joinOf(facts, {
      extract: {
        metadata: ['k8s.deployment.name', 'container.id'],
        labels: [
          { key: 'app', tag_name: 'app' },
          { key: 'team', from: 'namespace', tag_name: 'team' },
        ],
      },
    });
    const seen = (): Record<string, AnyValue> => joined(join, {}, { peerAddress: '10.2.0.7' });
    const steps = [seen()];
    pod.labels = ['app', 'cart'];
    pod.revision += 1;
    steps.push(seen());
    facts.workload('ReplicaSet', 'cart-6f9c7d54bb', facts.workload('Deployment', 'cart'));
    const namespace = facts.namespace('shop', { labels: ['team', 'billing'] });
    steps.push(seen());
    namespace.labels = ['team', 'sales'];
    namespace.revision += 1;
    const [container] = pod.containers;
    container!.id = 'c2';
    container!.revision += 1;
    steps.push(seen());
    expect(steps).toEqual([
      { 'container.id': 'c1' },
      { 'container.id': 'c1', app: 'cart' },
      { 'container.id': 'c1', app: 'cart', 'k8s.deployment.name': 'cart', team: 'billing' },
      { 'container.id': 'c2', app: 'cart', 'k8s.deployment.name': 'cart', team: 'sales' },
    ]);
  });

  it('of another flow is left alone where the caller says so', () => {
    const facts = new Facts();
    deployed(facts);
    const batch = batchOf({}, { peerAddress: '10.2.0.7' });
    joinOf(facts).join(batch, () => true);
    expect(batch.resources()[0]!.resource.attributes.size).toBe(0);
  });
});

describe('the container', () => {
  const containers = [
    {
      name: 'app',
      id: 'c1',
      restartCount: 2,
      image: `shop/cart:1.4@${DIGEST}`,
      imageId: `shop/cart@${DIGEST}`,
    },
    { name: 'proxy', id: 'c2', image: 'Not A Reference' },
  ];
  const options = extracting(
    'container.id',
    'k8s.container.name',
    'container.image.name',
    'container.image.tag',
    'container.image.repo_digests',
    'service.version',
  );
  const app = {
    'container.image.name': 'shop/cart',
    'container.image.tag': '1.4',
    'service.version': `1.4@${DIGEST}`,
  };
  const run = { 'container.id': 'c1', 'container.image.repo_digests': [`docker.io/shop/cart@${DIGEST}`] };

  it.each([
    ['of several is not guessed', {}, {}],
    ['is found by its name', { 'k8s.container.name': 'app' }, { ...app, ...run }],
    ['is found by its id', { 'container.id': 'c1' }, { ...app, ...run, 'k8s.container.name': 'app' }],
    [
      'is found by its name before its id',
      { 'k8s.container.name': 'app', 'container.id': 'c2' },
      { ...app, ...run, 'container.id': 'c2' },
    ],
    ['that no pod has tells nothing', { 'k8s.container.name': 'other' }, {}],
    ['whose image is no reference has none', { 'k8s.container.name': 'proxy' }, { 'container.id': 'c2' }],
    [
      'of this run is known in full',
      { 'k8s.container.name': 'app', 'k8s.container.restart_count': 2 },
      { ...app, ...run },
    ],
    [
      'of this run is known by text too',
      { 'k8s.container.name': 'app', 'k8s.container.restart_count': '2' },
      { ...app, ...run },
    ],
    ['of another run has no id', { 'k8s.container.name': 'app', 'k8s.container.restart_count': 1 }, app],
    [
      'of a run that is no number has no id',
      { 'k8s.container.name': 'app', 'k8s.container.restart_count': 'x' },
      app,
    ],
  ])('%s', (_fact, resource: Record<string, AnyValue>, added) => {
    const facts = new Facts();
    facts.pod({ containers });
    expect(joined(joinOf(facts, options), resource, { peerAddress: '10.2.0.7' })).toEqual({
      ...resource,
      ...added,
      ...('container.id' in resource ? { 'container.id': resource['container.id'] } : {}),
    });
  });
});

describe('the name of the service', () => {
  const names = extracting('service.name', 'service.namespace', 'service.version', 'service.instance.id');
  const job = { kind: 'Job', name: 'report-29000000', uid: 'uid-of-job' };
  it.each([
    ['is the pod where there is nothing else', {}, 'cart-6f9c7d54bb-x2x4z'],
    ['is the workload', { owner: { kind: 'StatefulSet', name: 'db', uid: 'u' } }, 'db'],
    ['is the CronJob before its Job', { owner: job }, 'report'],
    ['is the label before the workload', { owner: job, labels: ['app.kubernetes.io/name', 'n'] }, 'n'],
    [
      'is the instance before the name',
      { labels: ['app.kubernetes.io/instance', 'i', 'app.kubernetes.io/name', 'n'] },
      'i',
    ],
    [
      'is the annotation before all',
      {
        labels: ['app.kubernetes.io/instance', 'i'],
        annotations: ['resource.opentelemetry.io/service.name', 'a'],
      },
      'a',
    ],
  ])('%s', (_fact, pod, name) => {
    const facts = new Facts();
    facts.pod(pod);
    const join = joinOf(facts, { extract: { metadata: names.extract!.metadata, otel_annotations: true } });
    expect(joined(join, {}, { peerAddress: '10.2.0.7' })).toEqual({
      'service.name': name,
      'service.namespace': 'shop',
    });
  });

  it('is not that of a CronJob where the Job is known to have none', () => {
    const facts = new Facts();
    facts.pod({ owner: facts.workload('Job', 'import-2024') });
    const join = joinOf(facts, extracting('service.name', 'k8s.cronjob.name', 'k8s.job.name'));
    expect(joined(join, {}, { peerAddress: '10.2.0.7' })).toEqual({
      'service.name': 'import-2024',
      'k8s.job.name': 'import-2024',
    });
  });
});

describe('the name of the Deployment', () => {
  it.each([
    ['cart-6f9c7d54bb', 'cart'],
    ['cart-v2-6f9c7d54bb', 'cart-v2'],
    ['cart-abc', undefined],
    ['6f9c7d54bb', undefined],
  ])('of the ReplicaSet %s is %s without looking it up', (name, deployment) => {
    const facts = new Facts();
    facts.pod({ owner: { kind: 'ReplicaSet', name, uid: 'u' } });
    const join = joinOf(facts, {
      extract: { metadata: ['k8s.deployment.name'], deployment_name_from_replicaset: true },
    });
    expect(joined(join, {}, { peerAddress: '10.2.0.7' })).toEqual(
      deployment === undefined ? {} : { 'k8s.deployment.name': deployment },
    );
  });
});

import { expect, test } from 'vitest';
import type { ClusterChange } from '../../src/facts/cluster-facts.ts';
import { encode } from '../objects/encode.ts';
import { ms, Story } from './story.ts';

const STATIC_UID = '0123456789abcdef0123456789abcdef';

test('a pod is known by its uid, its name and its containers, also when it is gone', () => {
  const story = new Story();
  story.seen(10, 'web-0', { uid: 'u1', created: 5, ip: '10.0.0.1', ran: [6], id: 'c1' });
  story.deleted(20, 'web-0', { uid: 'u1', created: 5, ip: '10.0.0.1', ran: [6], id: 'c1' });
  const { pods, podNames, containers } = story.context;
  const pod = pods.newest('u1');
  expect(pod).toMatchObject({ name: 'web-0', namespace: 'ns', nodeName: 'node', phase: 'Running' });
  expect(pod?.startTime).toBe(new Date(ms(5)).toISOString().replace('.000Z', 'Z'));
  expect(podNames.at('ns/web-0', ms(19))).toBe(pod);
  expect(podNames.at('ns/web-0', ms(20))).toBeUndefined();
  expect(containers.newest('c1')?.pod).toBe(pod);
});

test('a name belongs to the pod that had it then', () => {
  const story = new Story();
  story.seen(10, 'web-0', { uid: 'u1', created: 5 });
  story.deleted(20.8, 'web-0', { uid: 'u1', created: 5 });
  story.seen(20.9, 'web-0', { uid: 'u2', created: 20 });
  const names = [5, 20.1, 20.5, 20.8, 30].map((at) => story.context.podNames.at('ns/web-0', ms(at))?.uid);
  expect(names).toEqual(['u1', 'u1', undefined, 'u2', 'u2']);
});

test('a pod of the same name shows that the one before is gone, though nobody told', () => {
  const story = new Story();
  story.seen(10, 'web-0', { uid: 'u1', created: 5, ip: '10.0.0.1', ran: [6] });
  story.seen(30.5, 'web-0', { uid: 'u2', created: 25 });
  expect(story.holder('10.0.0.1', 25.9)).toBe('web-0');
  expect(story.holder('10.0.0.1', 26)).toBe('nobody');
  expect(story.context.podNames.at('ns/web-0', ms(28))?.uid).toBe('u2');
  expect(story.facts.refused('pods', 'name_taken')).toBe(1);
  expect([...story.facts.pods()].map(({ uid }) => uid)).toEqual(['u2']);
});

test('a container keeps its object when it is restarted, and both of its ids lead to it', () => {
  const story = new Story();
  const { containers } = story.context;
  story.seen(10, 'a', { created: 5, ran: [6], id: 'c1' });
  const container = containers.newest('c1');
  story.seen(20, 'a', { created: 5, ran: [19], id: 'c2', lastId: 'c1', restarts: 1 });
  expect(containers.at('c1', ms(20))).toBe(container);
  expect(containers.at('c2', ms(20))).toBe(container);
  expect(container).toMatchObject({ id: 'c2', restartCount: 1, name: 'app', image: 'i' });
  story.seen(30, 'a', { created: 5, ran: [29], id: 'c3', lastId: 'c2', restarts: 2 });
  expect(containers.at('c1', ms(31))).toBeUndefined();
  expect(containers.newest('c1')).toBe(container);
  expect(containers.at('c3', ms(31))).toBe(container);
});

test('a static pod is known by the uid that its cgroups have as well, if that can be one', () => {
  const story = new Story();
  const annotations = { 'kubernetes.io/config.mirror': STATIC_UID };
  story.seen(10, 'etcd-node', { uid: 'u1', created: 8, started: 2, ip: '10.0.0.9', annotations });
  const { pods } = story.context;
  expect(pods.newest(STATIC_UID)).toBe(pods.newest('u1'));
  // Its object is younger than the pod.
  expect(story.holder('10.0.0.9', 3)).toBe('etcd-node');
  story.seen(11, 'mask', { uid: 'u2', created: 8, annotations: { 'kubernetes.io/config.mirror': 'u1' } });
  expect(pods.newest('u1')?.name).toBe('etcd-node');
});

test('a static pod that is made anew has its uid of the kubelet from then on', () => {
  const story = new Story();
  const annotations = { 'kubernetes.io/config.mirror': STATIC_UID };
  story.seen(10, 'etcd-node', { uid: 'u1', created: 8, annotations });
  story.deleted(20, 'etcd-node', { uid: 'u1', created: 8, annotations });
  story.seen(21, 'etcd-node', { uid: 'u2', created: 20, annotations });
  const uids = [15, 21].map((at) => story.context.pods.at(STATIC_UID, ms(at))?.uid);
  expect(uids).toEqual(['u1', 'u2']);
});

test('what changes is told, and what does not is not', () => {
  const story = new Story();
  const changes: string[] = [];
  const stop = story.facts.onChange(({ type, entity, atMs }: ClusterChange) =>
    changes.push(`${type} ${entity.kind} ${entity.uid} ${entity.revision} ${(atMs - ms(0)) / 1000}`),
  );
  story.seen(10, 'a', { created: 5 });
  story.seen(11, 'a', { created: 5 });
  story.seen(12, 'a', { created: 5, ip: '10.0.0.1' });
  story.seen(13, 'a', { created: 5, ip: '10.0.0.1', ran: [6] });
  story.seen(14, 'a', { created: 5, ip: '10.0.0.1', ran: [6] });
  story.deleted(15, 'a', { created: 5, ip: '10.0.0.1', ran: [6] });
  stop();
  story.seen(16, 'b', { created: 5 });
  expect(changes).toEqual([
    'added pod a 0 10',
    'changed pod a 1 12',
    'changed pod a 2 13',
    'deleted pod a 2 15',
  ]);
});

test('annotations are kept if somebody wants them, by name or by pattern', () => {
  const story = new Story();
  story.context.wanted.annotation('team');
  story.context.wanted.annotation(/^cost\..*$/);
  story.seen(10, 'a', { annotations: { team: 'billing', 'cost.centre': '42', other: 'x'.repeat(100_000) } });
  const { annotations } = story.context.pods.newest('a')!;
  expect([...annotations].sort()).toEqual(['42', 'billing', 'cost.centre', 'team']);
});

test('a cluster is known by its first namespace, and namespaces and workloads by theirs', () => {
  const story = new Story();
  const { context, facts } = story;
  expect(facts.clusterUid).toBeUndefined();
  const metadata = { uid: 'cluster', creationTimestamp: { seconds: ms(1) / 1000 }, labels: { a: 'b' } };
  facts
    .handler('namespaces')
    .seen(
      encode('Namespace', { metadata: { ...metadata, name: 'kube-system' }, status: { phase: 'Active' } }),
      ms(5),
    );
  expect(facts.clusterUid).toBe('cluster');
  expect(context.namespaces.at('kube-system', ms(4))).toMatchObject({ phase: 'Active', labels: ['a', 'b'] });
  const ownerReferences = [{ kind: 'Deployment', name: 'web', uid: 'd1', controller: true }];
  const replicaSet = { name: 'web-1', namespace: 'ns', uid: 'r1', ownerReferences };
  const handler = facts.handler('replicasets');
  handler.seen(encode('PartialObjectMetadata', { metadata: replicaSet }), ms(5));
  expect(context.workloads.at('r1', ms(0))).toMatchObject({
    type: 'ReplicaSet',
    name: 'web-1',
    namespace: 'ns',
    owner: { kind: 'Deployment', name: 'web', uid: 'd1' },
  });
  handler.deleted(encode('PartialObjectMetadata', { metadata: replicaSet }), ms(9));
  expect(context.workloads.newest('r1')?.name).toBe('web-1');
  expect([...facts.workloads()]).toEqual([]);
});

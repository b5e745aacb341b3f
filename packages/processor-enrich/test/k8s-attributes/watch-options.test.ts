import { describe, expect, it } from 'vitest';
import { k8sAttributesConfigSchema } from '../../src/k8s-attributes/config.ts';
import { watchOptionsOf } from '../../src/k8s-attributes/watch-options.ts';

function optionsOf(block: object): unknown {
  const { resources, ...rest } = watchOptionsOf(k8sAttributesConfigSchema.parse(block));
  return { resources: [...resources], ...rest };
}

const auth = { auth_type: 'serviceAccount' };

describe('what is watched', () => {
  it('is pods and ReplicaSets by default', () => {
    expect(optionsOf({})).toEqual({ auth, resources: ['pods', 'replicasets'] });
  });

  it.each([
    [['k8s.pod.name'], ['pods']],
    [['k8s.node.name'], ['pods']],
    [['k8s.node.uid'], ['pods', 'nodes']],
    [['k8s.cluster.uid'], ['pods', 'namespaces']],
    [['k8s.deployment.uid'], ['pods', 'replicasets']],
    [['service.name'], ['pods', 'replicasets']],
    [['k8s.cronjob.name'], ['pods', 'jobs']],
    [['k8s.job.name'], ['pods']],
  ])('for %j is %j', (metadata, resources) => {
    expect(optionsOf({ extract: { metadata } })).toEqual({ auth, resources });
  });

  it.each([
    ['pod', ['pods']],
    ['namespace', ['pods', 'namespaces']],
    ['node', ['pods', 'nodes']],
    ['deployment', ['pods', 'replicasets', 'deployments']],
    ['statefulset', ['pods', 'statefulsets']],
    ['daemonset', ['pods', 'daemonsets']],
    ['job', ['pods', 'jobs']],
  ])('for labels of a %s is %j', (from, resources) => {
    expect(optionsOf({ extract: { metadata: [], labels: [{ key: 'a', from }] } })).toEqual({
      auth,
      resources,
    });
  });

  it('needs no ReplicaSets where their names tell enough', () => {
    const extract = { metadata: ['k8s.deployment.name'], deployment_name_from_replicaset: true };
    expect(optionsOf({ extract })).toEqual({ auth, resources: ['pods'] });
  });

  it('is only what the filters select, as the API server understands it', () => {
    const filter = {
      node: 'node-1',
      namespace: 'shop',
      labels: [
        { key: 'a', value: 'b' },
        { key: 'c', value: 'd', op: 'not-equals' },
        { key: 'e', op: 'exists' },
        { key: 'f', op: 'does-not-exist' },
      ],
      fields: [
        { key: 'status.phase', value: 'Running' },
        { key: 'metadata.name', value: 'a,b=c\\', op: 'not-equals' },
      ],
    };
    expect(optionsOf({ filter, extract: { metadata: [] } })).toEqual({
      auth,
      resources: ['pods'],
      node: 'node-1',
      namespaces: ['shop'],
      labelSelector: 'a=b,c!=d,e,!f',
      fieldSelector: 'status.phase=Running,metadata.name!=a\\,b\\=c\\\\',
    });
  });
});

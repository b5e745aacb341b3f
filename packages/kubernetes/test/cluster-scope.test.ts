import { describe, expect, test } from 'vitest';
import { watchesOf } from '../src/cluster-scope.ts';

const PODS = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };
const NODES = { group: '', version: 'v1', plural: 'nodes', kind: 'Node' };
const NAMESPACES = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };
const JOBS = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', metadataOnly: true };

describe('the watches of a resource', () => {
  test.for([
    ['a whole cluster', 'pods', {}, [PODS]],
    ['a node: its pods', 'pods', { node: 'n1' }, [{ ...PODS, fieldSelector: 'spec.nodeName=n1' }]],
    ['a node: itself', 'nodes', { node: 'n1' }, [{ ...NODES, fieldSelector: 'metadata.name=n1' }]],
    ['a node: owners whole', 'jobs', { node: 'n1' }, [JOBS]],
    [
      'namespaces, each once',
      'jobs',
      { namespaces: ['a', 'b', 'a'] },
      ['a', 'b'].map((namespace) => ({ ...JOBS, namespace })),
    ],
    [
      'namespaces: themselves by name',
      'namespaces',
      { namespaces: ['a'] },
      [{ ...NAMESPACES, fieldSelector: 'metadata.name=a' }],
    ],
    ['namespaces: nodes whole', 'nodes', { namespaces: ['a'] }, [NODES]],
    ['no namespaces: all', 'pods', { namespaces: [] }, [PODS]],
    [
      'selectors and a node',
      'pods',
      { node: 'n1', labelSelector: 'app=x', fieldSelector: 'status.phase=Running', namespaces: ['a'] },
      [
        {
          ...PODS,
          namespace: 'a',
          labelSelector: 'app=x',
          fieldSelector: 'spec.nodeName=n1,status.phase=Running',
        },
      ],
    ],
    [
      'selectors, which are of pods',
      'jobs',
      { labelSelector: 'app=x', fieldSelector: 'metadata.name=y' },
      [JOBS],
    ],
  ] as const)('for %s', ([, resource, scope, specs]) => {
    expect(watchesOf(resource, scope)).toEqual(specs);
  });
});

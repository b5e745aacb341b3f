import { describe, expect, it } from 'vitest';
import { validateFilterFields, validateResourceOptions } from '../../src/resources/validate-options.ts';
import { optionsOf } from './join.ts';

describe('the options', () => {
  it('are right by default', () => {
    expect(validateResourceOptions(optionsOf())).toEqual([]);
  });

  it('tell everything that is wrong at once', () => {
    delete process.env['TEST_NO_SUCH_NODE'];
    const problems = validateResourceOptions(
      optionsOf({
        extract: {
          labels: [{ key: 'a', key_regex: 'b' }, { tag_name: 'x' }],
          annotations: [{ key_regex: '(' }],
        },
        filter: { node_from_env_var: 'TEST_NO_SUCH_NODE' },
        pod_association: [{ sources: [{ from: 'connection' }, { from: 'resource_attribute' }] }],
        exclude: { pods: [{ name: '[' }] },
      }),
    );
    expect(problems.map(({ path, message }) => `${path.join('::')}: ${message}`)).toEqual([
      'extract::labels::0: key and key_regex are both given ("a" and "b"). Keep one of them.',
      'extract::labels::1: neither key nor key_regex is given. Give one.',
      'extract::annotations::0::key_regex: "(" is no RE2 pattern (error parsing regexp: missing closing ): `(`). See github.com/google/re2/wiki/Syntax.',
      'pod_association::0::sources::1::name: no attribute is named. Give the name of the resource attribute.',
      'exclude::pods::0::name: "[" is no RE2 pattern (error parsing regexp: missing closing ]: `[`). See github.com/google/re2/wiki/Syntax.',
      'filter::node_from_env_var: the environment variable "TEST_NO_SUCH_NODE" is not set. Set it, from spec.nodeName in a pod.',
    ]);
  });

  it('cannot filter by what nobody keeps', () => {
    const filter = {
      fields: [
        { key: 'status.phase', value: 'Running' },
        { key: 'spec.nodeName', value: 'a' },
      ],
    };
    expect(validateFilterFields(optionsOf({ filter }))).toEqual([
      {
        path: ['filter', 'fields', 0, 'key'],
        message: '"status.phase" is not kept of pods. Filter by it in the k8s receiver (field_selector).',
      },
    ]);
  });
});

import { type ConfigProblem, compilePattern, notAPattern } from '@tributary/core';
import type { FieldConfig, ResourceOptions } from './config.ts';
import { isKnownField } from './pod-filter.ts';

/** What is wrong with the options that the schema cannot say. */
export function validateResourceOptions(options: ResourceOptions): readonly ConfigProblem[] {
  const { extract, filter, pod_association: rules, exclude } = options;
  return [
    ...extract.labels.flatMap((field, index) => fieldProblems(field, ['extract', 'labels', index])),
    ...extract.annotations.flatMap((field, index) => fieldProblems(field, ['extract', 'annotations', index])),
    ...rules.flatMap(({ sources }, rule) =>
      sources.flatMap(({ from, name }, source): ConfigProblem[] =>
        from === 'connection' || name !== ''
          ? []
          : [
              {
                path: ['pod_association', rule, 'sources', source, 'name'],
                message: 'no attribute is named. Give the name of the resource attribute.',
              },
            ],
      ),
    ),
    ...exclude.pods.flatMap(({ name }, index) => patternProblems(name, ['exclude', 'pods', index, 'name'])),
    ...nodeProblems(filter.node_from_env_var),
  ];
}

/** What the context knows nothing of cannot be filtered by. Where a filter goes to the API server too, it can. */
export function validateFilterFields(options: ResourceOptions): readonly ConfigProblem[] {
  return options.filter.fields.flatMap(({ key }, index) =>
    isKnownField(key)
      ? []
      : [
          {
            path: ['filter', 'fields', index, 'key'],
            message: `"${key}" is not kept of pods. Filter by it in the k8s receiver (field_selector).`,
          },
        ],
  );
}

function fieldProblems(field: FieldConfig, path: readonly (string | number)[]): ConfigProblem[] {
  const { key, key_regex: pattern } = field;
  if (key !== '' && pattern !== '') {
    return [
      {
        path,
        message: `key and key_regex are both given ("${key}" and "${pattern}"). Keep one of them.`,
      },
    ];
  }
  if (key === '' && pattern === '')
    return [{ path, message: 'neither key nor key_regex is given. Give one.' }];
  return pattern === '' ? [] : patternProblems(pattern, [...path, 'key_regex']);
}

function patternProblems(pattern: string, path: readonly (string | number)[]): ConfigProblem[] {
  const compiled = compilePattern(pattern);
  return typeof compiled === 'string' ? [{ path, message: notAPattern(pattern, compiled) }] : [];
}

function nodeProblems(variable: string): ConfigProblem[] {
  if (variable === '' || process.env[variable] !== undefined) return [];
  return [
    {
      path: ['filter', 'node_from_env_var'],
      message: `the environment variable "${variable}" is not set. Set it, from spec.nodeName in a pod.`,
    },
  ];
}

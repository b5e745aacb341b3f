import { sink, testSettings } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { attributesProcessor } from '../src/index.ts';

const problemsOf = (block: unknown): string[] => {
  const { error } = attributesProcessor.configSchema.safeParse(block);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('::')}: ${message}`);
};

describe('the settings of the attributes processor', () => {
  it('say what is missing in an empty block', () => {
    expect(problemsOf({})).toEqual([
      'actions: is empty, so that the processor would do nothing. Name at least one action.',
    ]);
  });

  it('name all problems of include, exclude and actions at once', () => {
    expect(
      problemsOf({
        include: { services: ['a'] },
        exclude: { match_type: 'regexp', span_names: ['('] },
        actions: [{ action: 'delete' }],
      }),
    ).toEqual([
      'include::match_type: is required. Set it to strict or regexp.',
      'exclude::span_names::0: "(" is no RE2 pattern (error parsing regexp: missing closing ): `(`). ' +
        'See github.com/google/re2/wiki/Syntax.',
      'actions::0::key: is required by the action "delete". Give an attribute, or with pattern all whose names match.',
    ]);
  });

  it('refuse unknown keys', () => {
    const result = attributesProcessor.configSchema.safeParse({ action: [], include: { service: ['a'] } });
    expect(result.error?.issues.map(({ path, message }) => `${path.join('::')}: ${message}`)).toEqual([
      'include: Unrecognized key: "service"',
      'actions: is empty, so that the processor would do nothing. Name at least one action.',
      ': Unrecognized key: "action"',
    ]);
  });

  it('are checked against the pipeline when the processor is created', () => {
    const config = attributesProcessor.configSchema.parse({
      include: { match_type: 'strict', log_bodies: ['a'] },
      exclude: { match_type: 'strict', log_severity_texts: ['b'] },
      actions: [{ key: 'a', action: 'delete' }],
    });
    const create = (pipeline: string) => (): unknown =>
      attributesProcessor.create(testSettings({ id: 'attributes/x', pipeline }), config, sink());
    expect(create('logs')).not.toThrow();
    expect(create('traces/in')).toThrow(
      'processors::attributes/x in pipeline traces/in: ' +
        'include: log_bodies has no meaning for spans. Remove it, or use another processor in this pipeline. ' +
        'include: nothing to match by. Give at least one of services, span_names, span_kinds, attributes, resources, libraries. ' +
        'exclude: log_severity_texts has no meaning for spans. Remove it, or use another processor in this pipeline. ' +
        'exclude: nothing to match by. Give at least one of services, span_names, span_kinds, attributes, resources, libraries.',
    );
  });
});

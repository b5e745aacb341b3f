import { describe, expect, it } from 'vitest';
import { resourceProcessor } from '../src/index.ts';

const problemsOf = (block: unknown): string[] => {
  const { error } = resourceProcessor.configSchema.safeParse(block);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('::')}: ${message}`);
};

describe('the settings of the resource processor', () => {
  it('say what is missing in an empty block', () => {
    expect(problemsOf({})).toEqual([
      'attributes: is empty, so that the processor would do nothing. Name at least one action.',
    ]);
  });

  it('are checked as those of the attributes processor', () => {
    expect(problemsOf({ attributes: [{ key: 'a', action: 'insert' }] })).toEqual([
      'attributes::0: the action "insert" has no value. Give one of value, from_attribute, from_context and default_value.',
    ]);
  });

  it('refuse unknown keys', () => {
    const result = resourceProcessor.configSchema.safeParse({ actions: [] });
    expect(result.error?.issues.map(({ message }) => message)).toEqual([
      'is empty, so that the processor would do nothing. Name at least one action.',
      'Unrecognized key: "actions"',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { resourceProcessor } from '../src/index.ts';

const problemsOf = (block: unknown): string[] => {
  const config = resourceProcessor.configSchema.parse(block);
  return (resourceProcessor.validate?.(config) ?? []).map(
    ({ path, message }) => `${path.join('::')}: ${message}`,
  );
};

describe('the settings of the resource processor', () => {
  it('default to a block that says what is missing', () => {
    expect(resourceProcessor.configSchema.parse({})).toEqual({ attributes: [] });
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
    expect(result.error?.issues.map(({ message }) => message)).toEqual(['Unrecognized key: "actions"']);
  });
});

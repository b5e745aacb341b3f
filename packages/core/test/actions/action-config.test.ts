import { describe, expect, it } from 'vitest';
import { attributeActionSchema, attributeActionsSchema } from '../../src/actions/action-config.ts';

function problemsOf(...blocks: readonly unknown[]): string[] {
  const { error } = attributeActionsSchema.safeParse(blocks);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('::')}: ${message}`);
}

describe('the settings of actions', () => {
  it('take everything that the Collector takes', () => {
    expect(
      problemsOf(
        { key: 'a', value: 123, action: 'insert' },
        { key: 'a', value: '', action: 'UPSERT' },
        { key: 'a', value: { list: [1, 'b'] }, action: 'Update' },
        { key: 'a', from_attribute: 'b', action: 'insert' },
        { key: 'a', from_attribute: 'b', default_value: 'c', action: 'insert' },
        { key: 'a', default_value: false, action: 'insert' },
        { key: 'a', value: null, default_value: 1, action: 'insert' },
        { key: 'a', from_context: 'metadata.x-tenant', action: 'upsert' },
        { key: 'a', from_context: 'client.address', action: 'upsert' },
        { key: 'a', action: 'delete' },
        { pattern: '^secret', action: 'delete' },
        { key: 'a', pattern: '^secret', action: 'hash' },
        { key: 'a', default_value: 'ignored', action: 'delete' },
        { key: 'a', pattern: '(?P<b>.*)', action: 'extract' },
        { key: 'a', converted_type: 'int', action: 'convert' },
      ),
    ).toEqual([]);
  });

  it('name every problem at its place', () => {
    expect(
      problemsOf(
        { value: 1, action: 'insert' },
        { key: 'a', action: 'insert' },
        { key: 'a', action: 'upsert', value: 1, from_attribute: 'b', from_context: 'client.address' },
        { key: 'a', action: 'update', value: 1, pattern: 'x', converted_type: 'int' },
        { key: 'a', action: 'insert', from_context: 'auth.subject' },
        { action: 'delete' },
        { action: 'delete', key: 'a', value: 0, from_attribute: 'b', converted_type: 'int' },
        { action: 'hash', pattern: '(' },
        { action: 'extract', key: 'a' },
        { action: 'extract', pattern: '(?P<b>.*)' },
        { action: 'extract', key: 'a', pattern: '[' },
        { action: 'extract', key: 'a', pattern: 'b' },
        { action: 'extract', key: 'a', pattern: '(?P<b>.)(.)', from_context: 'x' },
        { action: 'convert', key: 'a' },
        { action: 'convert', key: 'a', converted_type: 'int', pattern: 'x' },
      ),
    ).toEqual([
      '0::key: is required by the action "insert". Give the attribute to act on.',
      '1: the action "insert" has no value. Give one of value, from_attribute, from_context and default_value.',
      '2: the action "upsert" has several sources of its value (value, from_attribute, from_context). Keep one.',
      '3::pattern: has no meaning for the action "update". Remove it.',
      '3::converted_type: has no meaning for the action "update". Remove it.',
      '4::from_context: "auth.subject" is what a server authenticator found, and no receiver here ' +
        'authenticates its clients. Use client.address or metadata.NAME, or remove the action.',
      '5::key: is required by the action "delete". Give an attribute, or with pattern all whose names match.',
      '6::value: has no meaning for the action "delete". Remove it.',
      '6::from_attribute: has no meaning for the action "delete". Remove it.',
      '6::converted_type: has no meaning for the action "delete". Remove it.',
      '7::pattern: "(" is no RE2 pattern (error parsing regexp: missing closing ): `(`). ' +
        'See github.com/google/re2/wiki/Syntax.',
      '8::pattern: is required by the action "extract". Give an RE2 pattern with named groups.',
      '9::key: is required by the action "extract". Give the attribute to act on.',
      '10::pattern: "[" is no RE2 pattern (error parsing regexp: missing closing ]: `[`). ' +
        'See github.com/google/re2/wiki/Syntax.',
      '11::pattern: "b" has no named group. Write a group that gives an attribute as (?P<attribute_name>…), ' +
        'any other as (?:…).',
      '12::from_context: has no meaning for the action "extract". Remove it.',
      '12::pattern: "(?P<b>.)(.)" has an unnamed group (number 2). Write a group that gives an attribute as ' +
        '(?P<attribute_name>…), any other as (?:…).',
      '13::converted_type: is required by the action "convert". Give int, double, string.',
      '14::pattern: has no meaning for the action "convert". Remove it.',
    ]);
  });

  it('ask for at least one action', () => {
    expect(problemsOf()).toEqual([
      ': is empty, so that the processor would do nothing. Name at least one action.',
    ]);
  });

  it('take no value that OTLP cannot hold', () => {
    expect(
      problemsOf(
        { key: 'a', action: 'insert', value: [1, { b: 2n ** 63n }] },
        { key: 'a', action: 'insert', default_value: -(2n ** 63n) - 1n },
        { key: 'a', action: 'insert', value: 2n ** 63n - 1n },
      ),
    ).toEqual([
      '0::value: cannot be an attribute. OTLP value: an integer does not fit 64 bits (9223372036854775808). ' +
        'Write it as a string or a double.',
      '1::default_value: cannot be an attribute. OTLP value: an integer does not fit 64 bits (-9223372036854775809). ' +
        'Write it as a string or a double.',
    ]);
  });

  it('are told of even if another action cannot be read', () => {
    expect(problemsOf({ key: 'a', action: 'insrt' }, { key: 'a', action: 'insert' })).toEqual([
      '0::action: expected one of "insert", "update", "upsert", "delete", "hash", "extract", "convert"',
      '1: the action "insert" has no value. Give one of value, from_attribute, from_context and default_value.',
    ]);
  });

  it('refuse other actions, types and keys', () => {
    const result = attributeActionSchema.safeParse({ action: 'rename', converted_type: 'bool', regex: 'x' });
    expect(result.error?.issues.map(({ path, message }) => [path.join('::'), message])).toEqual([
      ['action', 'expected one of "insert", "update", "upsert", "delete", "hash", "extract", "convert"'],
      ['converted_type', 'Invalid option: expected one of "int"|"double"|"string"'],
      ['', 'Unrecognized key: "regex"'],
    ]);
  });
});

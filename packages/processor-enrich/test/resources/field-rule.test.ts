import { describe, expect, it } from 'vitest';
import type { FieldConfig } from '../../src/resources/config.ts';
import { compileFieldRule } from '../../src/resources/field-rule.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the configuration has
const BY_NAME = '${what}!$what.$0';
const PAIRS = ['app', 'cart', 'example.com/team', 'billing', 'example.com/tier', 'gold', 'empty', ''];

function extracted(rule: Partial<FieldConfig>): Record<string, string> {
  const into = new Map<string, string>();
  compileFieldRule({ key: '', key_regex: '', tag_name: '', from: 'pod', ...rule }, 'prefix.').extract(
    PAIRS,
    into,
  );
  return Object.fromEntries(into);
}

describe('a rule for labels', () => {
  it.each([
    ['a key has the default name', { key: 'app' }, { 'prefix.app': 'cart' }],
    ['a key has the name that is given', { key: 'app', tag_name: 'service' }, { service: 'cart' }],
    ['a key that is empty says that it is there', { key: 'empty', tag_name: 'flag' }, { flag: '' }],
    ['a key that is not there gives nothing', { key: 'ap' }, {}],
    ['a pattern is for the whole key', { key_regex: 'pp|example' }, {}],
    [
      'a pattern has the default names',
      { key_regex: 'app|example.*|empty' },
      { 'prefix.app': 'cart', 'prefix.example.com/team': 'billing', 'prefix.example.com/tier': 'gold' },
    ],
    [
      'a name refers to a group by its number',
      { key_regex: 'example\\.com/(.*)', tag_name: 'x.$1' },
      { 'x.team': 'billing', 'x.tier': 'gold' },
    ],
    [
      'a name refers to a group by its name',
      { key_regex: 'example\\.com/(?P<what>.*)', tag_name: BY_NAME },
      { 'team!team.example.com/team': 'billing', 'tier!tier.example.com/tier': 'gold' },
    ],
    [
      'a reference takes as many letters as it can, and to no group gives nothing',
      { key_regex: '(a)pp', tag_name: 'x$1y.$2$$1' },
      { 'x.$1': 'cart' },
    ],
    [
      'a name is not used without a group',
      { key_regex: 'app', tag_name: 'service' },
      { 'prefix.app': 'cart' },
    ],
  ])('%s', (_fact, rule, expected) => {
    expect(extracted(rule)).toEqual(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { checkMatchForSignal, matchPropertiesSchema } from '../../src/actions/match-config.ts';
import type { Signal } from '../../src/component/signal.ts';

function problemsOf(block: unknown): string[] {
  const { error } = matchPropertiesSchema.safeParse(block);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('::')}: ${message}`);
}

function problemsFor(signal: Signal, block: unknown): string[] {
  return checkMatchForSignal(matchPropertiesSchema.parse(block), signal);
}

describe('the settings of include and exclude', () => {
  it('are taken as the Collector takes them', () => {
    expect(
      problemsOf({ match_type: 'strict', services: ['a'], attributes: [{ key: 'b', value: [1, 'c'] }] }),
    ).toEqual([]);
    expect(
      problemsOf({
        match_type: 'regexp',
        regexp: { cacheenabled: true, cachemaxnumentries: 10 },
        span_names: ['^GET (?P<route>.*)'],
        resources: [{ key: 'host.name', value: 'node-\\d+' }, { key: 'x' }],
        libraries: [{ name: '.*', version: '' }],
      }),
    ).toEqual([]);
    expect(problemsOf({ attributes: [{ key: 'b' }], log_severity_number: { min: 9 } })).toEqual([]);
  });

  it('name every problem at its place', () => {
    expect(problemsOf({ services: ['a'], attributes: [{ key: '' }] })).toEqual([
      'match_type: is required. Set it to strict or regexp.',
      'attributes::0::key: is empty. Name an attribute.',
    ]);
    const isNoPattern = (pattern: string, reason: string) =>
      `"${pattern}" is no RE2 pattern (error parsing regexp: ${reason}). See github.com/google/re2/wiki/Syntax.`;
    expect(
      problemsOf({
        match_type: 'regexp',
        span_names: ['ok', '(?=x)'],
        attributes: [
          { key: 'a', value: 5 },
          { key: 'b', value: '[' },
        ],
        resources: [{ key: 'a', value: false }],
        libraries: [{ name: '(', version: '*' }],
      }),
    ).toEqual([
      'attributes::0::value: is a pattern with match_type: regexp (found 5). Quote it, or use strict.',
      'resources::0::value: is a pattern with match_type: regexp (found false). Quote it, or use strict.',
      `span_names::1: ${isNoPattern('(?=x)', 'invalid or unsupported Perl syntax: `(?=`')}`,
      `attributes::1::value: ${isNoPattern('[', 'missing closing ]: `[`')}`,
      `libraries::0::name: ${isNoPattern('(', 'missing closing ): `(`')}`,
      `libraries::0::version: ${isNoPattern('*', 'missing argument to repetition operator: `*`')}`,
    ]);
  });

  const noMeaning = (item: string, ...properties: string[]): string[] =>
    properties.map(
      (property) =>
        `${property} has no meaning for ${item}. Remove it, or use another processor in this pipeline.`,
    );
  const all = {
    match_type: 'regexp',
    services: ['a'],
    span_names: ['a'],
    span_kinds: ['a'],
    log_bodies: ['a'],
    log_severity_texts: ['a'],
    log_severity_number: {},
    metric_names: ['a'],
    attributes: [{ key: 'a' }],
    resources: [{ key: 'a' }],
    libraries: [{ name: 'a' }],
  };

  it.each<[Signal, unknown, readonly string[]]>([
    [
      'traces',
      all,
      noMeaning('spans', 'log_bodies', 'log_severity_texts', 'metric_names', 'log_severity_number'),
    ],
    ['logs', all, noMeaning('log records', 'services', 'span_names', 'span_kinds', 'metric_names')],
    [
      'metrics',
      all,
      noMeaning(
        'metrics',
        'services',
        'span_names',
        'span_kinds',
        'log_bodies',
        'log_severity_texts',
        'log_severity_number',
        'attributes',
        'libraries',
      ),
    ],
    [
      'traces',
      { match_type: 'strict' },
      [
        'nothing to match by. Give at least one of services, span_names, span_kinds, attributes, resources, libraries.',
      ],
    ],
    [
      'logs',
      { match_type: 'strict' },
      [
        'nothing to match by. Give at least one of log_bodies, log_severity_texts, log_severity_number, attributes, ' +
          'resources, libraries.',
      ],
    ],
    ['metrics', {}, ['nothing to match by. Give at least one of metric_names, resources.']],
    [
      'traces',
      { match_type: 'strict', span_kinds: ['SPAN_KIND_SERVER', 'server', 'SPAN_KIND_UNSPECIFIED'] },
      ['server', 'SPAN_KIND_UNSPECIFIED'].map(
        (kind) =>
          `span_kinds: "${kind}" is no kind of span. Use one of SPAN_KIND_INTERNAL, SPAN_KIND_SERVER, ` +
          'SPAN_KIND_CLIENT, SPAN_KIND_PRODUCER, SPAN_KIND_CONSUMER.',
      ),
    ],
    ['traces', { match_type: 'regexp', span_kinds: ['server'] }, []],
    ['logs', { log_severity_number: { min: 9 } }, []],
    ['metrics', { resources: [{ key: 'a' }] }, []],
  ])('in a %s pipeline %j gives %j', (signal, block, problems) => {
    expect(problemsFor(signal, block)).toEqual(problems);
  });
});

import { describe, expect, it } from 'vitest';
import { checkMatchForSignal, matchPropertiesSchema, validateMatch } from '../../src/actions/match-config.ts';
import type { Signal } from '../../src/component/signal.ts';

function problemsOf(block: unknown): string[] {
  return validateMatch(matchPropertiesSchema.parse(block), 'include').map(
    ({ path, message }) => `${path.join('::')}: ${message}`,
  );
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
      'include::match_type: is required. Set it to strict or regexp.',
      'include::attributes::0::key: is empty. Name an attribute.',
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
      'include::attributes::0::value: is a pattern with match_type: regexp (found 5). Quote it, or use strict.',
      'include::resources::0::value: is a pattern with match_type: regexp (found false). Quote it, or use strict.',
      `include::span_names::1: ${isNoPattern('(?=x)', 'invalid or unsupported Perl syntax: `(?=`')}`,
      `include::attributes::1::value: ${isNoPattern('[', 'missing closing ]: `[`')}`,
      `include::libraries::0::name: ${isNoPattern('(', 'missing closing ): `(`')}`,
      `include::libraries::0::version: ${isNoPattern('*', 'missing argument to repetition operator: `*`')}`,
    ]);
  });

  it.each<[Signal, unknown, readonly string[]]>([
    [
      'traces',
      { match_type: 'strict', services: ['a'], span_kinds: ['SPAN_KIND_SERVER'], metric_names: ['unused'] },
      [],
    ],
    ['traces', { match_type: 'regexp', span_kinds: ['server'] }, []],
    [
      'traces',
      { match_type: 'strict', span_kinds: ['server', 'SPAN_KIND_UNSPECIFIED'] },
      ['server', 'SPAN_KIND_UNSPECIFIED'].map(
        (kind) =>
          `span_kinds: "${kind}" is no kind of span. Use one of SPAN_KIND_INTERNAL, SPAN_KIND_SERVER, ` +
          'SPAN_KIND_CLIENT, SPAN_KIND_PRODUCER, SPAN_KIND_CONSUMER.',
      ),
    ],
    [
      'traces',
      { match_type: 'strict', log_bodies: ['a'], log_severity_texts: ['b'], log_severity_number: {} },
      [
        ...['log_bodies', 'log_severity_texts', 'log_severity_number'].map(
          (property) =>
            `${property} has no meaning for spans. Remove it, or use the processor in logs pipelines only.`,
        ),
        'nothing to match by. Give at least one of services, span_names, span_kinds, attributes, libraries, resources.',
      ],
    ],
    ['logs', { match_type: 'strict', log_severity_number: { min: 9 } }, []],
    [
      'logs',
      { match_type: 'strict', services: ['a'], span_names: ['b'], span_kinds: ['c'] },
      [
        ...['services', 'span_names', 'span_kinds'].map(
          (property) =>
            `${property} has no meaning for log records. Remove it, or use the processor in traces pipelines only.`,
        ),
        'nothing to match by. Give at least one of attributes, libraries, resources, log_bodies, ' +
          'log_severity_texts, log_severity_number.',
      ],
    ],
    ['metrics', { match_type: 'strict', services: ['a'] }, []],
  ])('in a %s pipeline %j gives %j', (signal, block, problems) => {
    expect(problemsFor(signal, block)).toEqual(problems);
  });
});

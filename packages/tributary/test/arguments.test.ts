import { describe, expect, it } from 'vitest';
import { parseArguments, UsageError } from '../src/arguments.ts';

describe('parseArguments', () => {
  it('takes several configurations and settings in both forms', () => {
    expect(
      parseArguments(['--config', 'a.yaml', '--config=b.yaml', '--set=receivers.otlp.x=1', '--set', 'y=z=2']),
    ).toStrictEqual({
      kind: 'run',
      configs: ['a.yaml', 'b.yaml'],
      sets: ['receivers.otlp.x=1', 'y=z=2'],
      json: false,
    });
  });

  it('takes a command before its options', () => {
    expect(parseArguments(['components', '--json'])).toStrictEqual({
      kind: 'components',
      configs: [],
      sets: [],
      json: true,
    });
  });

  it.each([
    [['--help'], { kind: 'help', command: 'run' }],
    [['-h'], { kind: 'help', command: 'run' }],
    [['help'], { kind: 'help', command: 'run' }],
    [['doctor', '--help'], { kind: 'help', command: 'doctor' }],
    [['--version'], { kind: 'version' }],
    [['-v'], { kind: 'version' }],
  ])('understands %j', (argv, expected) => {
    expect(parseArguments(argv)).toStrictEqual(expected);
  });

  it.each([
    [['validte'], 'unknown command "validte". Did you mean "validate"?'],
    [['serve-me'], 'unknown command "serve-me". See tributary --help.'],
    [['--confg', 'a.yaml'], 'unknown option "--confg". Did you mean "--config"?'],
    [['doctor', '--config', 'a.yaml'], 'unknown option "--config" of doctor. See tributary --help.'],
    [['validate', 'a.yaml'], 'unexpected "a.yaml". A configuration file is given by --config.'],
    [['--set', 'a.b.c'], '--set a.b.c: missing equal sign. The form is --set receivers.otlp.key=value.'],
    [['--config'], "Option '--config <value>' argument missing"],
  ])('refuses %j', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(new UsageError(message));
  });
});

import { parseArgs } from 'node:util';
import { nearest } from '@tributary/core';

/** What the command line can be asked for. */
export const COMMANDS = ['run', 'validate', 'components', 'schema', 'doctor'] as const;

/** One of the commands; `run` is the one without a name. */
export type Command = (typeof COMMANDS)[number];

/** A command line, understood. */
export type Invocation =
  | { readonly kind: 'help'; readonly command: Command }
  | { readonly kind: 'version' }
  | {
      readonly kind: Command;
      readonly configs: readonly string[];
      readonly sets: readonly string[];
      readonly json: boolean;
    };

/** A command line that cannot be understood; its text is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The options of each command. `doctor` takes a configuration in order to speak of the programs it needs. */
const OPTIONS_OF: Readonly<Record<Command, readonly string[]>> = {
  run: ['config', 'set', 'help', 'version'],
  validate: ['config', 'set', 'help'],
  components: ['config', 'set', 'json', 'help'],
  schema: ['config', 'set', 'help'],
  doctor: ['json', 'help'],
};

function isCommand(word: string): word is Command {
  return (COMMANDS as readonly string[]).includes(word);
}

function checkOptionNames(command: Command, args: readonly string[]): void {
  for (const argument of args) {
    if (argument === '--') return;
    const name = /^--([^=]+)/.exec(argument)?.[1];
    if (name === undefined || OPTIONS_OF[command].includes(name)) continue;
    const guess = nearest(name, OPTIONS_OF[command]);
    const hint = guess === undefined ? 'See tributary --help.' : `Did you mean "--${guess}"?`;
    throw new UsageError(`unknown option "--${name}"${command === 'run' ? '' : ` of ${command}`}. ${hint}`);
  }
}

/**
 * Understands a command line as the Collector does: `--config` and `--set` may be repeated, in both forms
 * (`--config=F`, `--config F`).
 * @throws UsageError for what it does not know
 */
export function parseArguments(argv: readonly string[]): Invocation {
  const [first] = argv;
  const named = first !== undefined && !first.startsWith('-');
  if (named && first === 'help') return { kind: 'help', command: 'run' };
  if (named && !isCommand(first)) {
    const guess = nearest(first, COMMANDS);
    throw new UsageError(
      `unknown command "${first}". ${guess === undefined ? 'See tributary --help.' : `Did you mean "${guess}"?`}`,
    );
  }
  const command: Command = named && isCommand(first) ? first : 'run';
  const args = named ? argv.slice(1) : argv;
  checkOptionNames(command, args);
  const { values, positionals } = parse(args);
  if (positionals.length > 0) {
    throw new UsageError(`unexpected "${positionals[0]}". A configuration file is given by --config.`);
  }
  if (values.help) return { kind: 'help', command };
  if (values.version) return { kind: 'version' };
  const sets = values.set ?? [];
  const malformed = sets.find((set) => !set.includes('='));
  if (malformed !== undefined) {
    throw new UsageError(
      `--set ${malformed}: missing equal sign. The form is --set receivers.otlp.key=value.`,
    );
  }
  return { kind: command, configs: values.config ?? [], sets, json: values.json ?? false };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', multiple: true },
        set: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

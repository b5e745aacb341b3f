import { ConfigError, formatDiagnostics, PipelineError } from '@tributary/core';
import { type Invocation, parseArguments, UsageError } from './arguments.ts';
import { HELP } from './help.ts';
import { writeError, writeOut } from './output.ts';
import { VERSION } from './version.ts';

/** Each command's code is loaded only when it is asked for: `--version` is quick, and `schema` opens no kernel. */
async function invoke(invocation: Invocation): Promise<number> {
  switch (invocation.kind) {
    case 'help':
      writeOut(HELP[invocation.command]);
      return 0;
    case 'version':
      writeOut(`tributary ${VERSION}\n`);
      return 0;
    case 'run':
      return (await import('./commands/run.ts')).run(invocation.configs, invocation.sets);
    case 'validate':
      return (await import('./commands/validate.ts')).validate(invocation.configs, invocation.sets);
    case 'components': {
      const { loadRegistry } = await import('./commands/load.ts');
      const registry = await loadRegistry(invocation.configs, invocation.sets);
      return (await import('./commands/components.ts')).components(registry, invocation.json);
    }
    case 'schema': {
      const { loadRegistry } = await import('./commands/load.ts');
      return (await import('./commands/schema.ts')).schema(
        await loadRegistry(invocation.configs, invocation.sets),
      );
    }
    case 'doctor':
      return (await import('./commands/doctor.ts')).doctor(invocation.json);
    default:
      return invocation satisfies never;
  }
}

/** Runs a command line; returns the exit code: 0 is success, 1 a failure, 2 a command line that is not understood. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    return await invoke(parseArguments(argv));
  } catch (error) {
    if (error instanceof UsageError) {
      writeError(`tributary: ${error.message}\n`);
      return 2;
    }
    if (error instanceof ConfigError) {
      writeError(`${formatDiagnostics(error.diagnostics, { excerpt: process.stderr.isTTY })}\n`);
      return 1;
    }
    if (error instanceof PipelineError) {
      writeError(`${error.message}\n`);
      return 1;
    }
    writeError(`tributary: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}

// Some handles of libraries outlive a shutdown; the exit code is set, and everything of ours is down.
process.exit(await main(process.argv.slice(2)));

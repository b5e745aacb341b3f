import { COMPONENT_KINDS, type Factory, type Registry } from '@tributary/core';
import { writeOut } from '../output.ts';
import { VERSION } from '../version.ts';

/** What is said of one component type. */
interface ComponentLine {
  readonly kind: string;
  readonly type: string;
  readonly formerly: readonly string[];
  /** What it takes, with the stability of each: `traces: stable`, or for connectors `traces to metrics: beta`. */
  readonly signals: readonly string[];
  /** Where it runs with `service::workers`: a copy in each worker, or once in the main thread. */
  readonly runs: 'in each worker' | 'in the main thread';
  readonly description: string;
}

function signalsOf(factory: Factory): string[] {
  switch (factory.kind) {
    case 'connector':
      return factory.routes.map((route) => `${route.from} to ${route.to}: ${route.stability}`);
    case 'extension':
      return [factory.stability];
    default:
      return Object.entries(factory.signals).map(([signal, stability]) => `${signal}: ${stability}`);
  }
}

function describe(factory: Factory): ComponentLine {
  const { kind, type, deprecatedAliases = [], description } = factory;
  const runs = factory.isCopyable === true ? 'in each worker' : 'in the main thread';
  return { kind, type, formerly: deprecatedAliases, signals: signalsOf(factory), runs, description };
}

function toText(lines: readonly ComponentLine[]): string {
  const sections = COMPONENT_KINDS.map((kind) => {
    const own = lines.filter((line) => line.kind === kind);
    if (own.length === 0) return '';
    const entries = own.map((line) => {
      const formerly = line.formerly.length === 0 ? '' : `  (also ${line.formerly.join(', ')})`;
      return `  ${line.type}${formerly}\n      ${line.description}\n      ${line.signals.join(', ')}; ${line.runs}\n`;
    });
    return `${kind}s:\n${entries.join('')}`;
  });
  return `tributary ${VERSION}\n\n${sections.filter((section) => section !== '').join('\n')}`;
}

/** Prints the component types that a configuration can name. Returns the exit code. */
export function components(registry: Registry, asJson: boolean): number {
  const lines = COMPONENT_KINDS.flatMap((kind) => registry.list(kind)).map(({ factory }) =>
    describe(factory),
  );
  writeOut(asJson ? `${JSON.stringify({ version: VERSION, components: lines }, null, 2)}\n` : toText(lines));
  return 0;
}

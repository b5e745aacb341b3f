/** Finding the factories among what a plugin exports, and saying what is wrong with those that are none. */
import { COMPONENT_KINDS, type Factory } from '../component/factory.ts';
import { SIGNALS } from '../component/signal.ts';
import { isComponentType } from '../config/component-id.ts';

/** The factories of a plugin, and what is wrong with what looks like one. */
export interface FoundFactories {
  readonly factories: readonly Factory[];
  /** One for each export that is wrong, beginning with its name. */
  readonly problems: readonly string[];
}

type Candidate = Readonly<Record<string, unknown>>;

/** The fields that tell a factory from other exports: two of them are enough to take it for one. */
const TELLING = ['kind', 'type', 'configSchema', 'create'] as const;

/** Looks at every export of a module; a list of factories counts as its elements. */
export function findFactories(exports: Readonly<Record<string, unknown>>): FoundFactories {
  const factories = new Set<Factory>();
  const problems: string[] = [];
  for (const [name, value] of Object.entries(exports)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const [index, candidate] of values.entries()) {
      if (!isCandidate(candidate)) continue;
      const wrong = problemsOf(candidate);
      if (wrong.length === 0) factories.add(candidate as unknown as Factory);
      else problems.push(`${name}${Array.isArray(value) ? `[${index}]` : ''}: ${wrong.join('; ')}`);
    }
  }
  return { factories: [...factories], problems };
}

function isCandidate(value: unknown): value is Candidate {
  return typeof value === 'object' && value !== null && TELLING.filter((field) => field in value).length >= 2;
}

function problemsOf(factory: Candidate): string[] {
  const { kind, type, description, deprecatedAliases, configSchema, create, validate } = factory;
  const problems: string[] = [];
  if (!COMPONENT_KINDS.some((known) => known === kind)) {
    problems.push(`kind is none of ${COMPONENT_KINDS.join(', ')} (${shown(kind)})`);
  }
  if (typeof type !== 'string' || !isComponentType(type)) {
    problems.push(`type is not a name of letters, digits and underscores (${shown(type)})`);
  }
  if (typeof description !== 'string' || description === '') problems.push('description is missing');
  if (deprecatedAliases !== undefined && !isNameList(deprecatedAliases)) {
    problems.push('deprecatedAliases is not a list of type names');
  }
  if (!isZodSchema(configSchema)) {
    problems.push("configSchema is not a zod 4 schema: make it with the z that '@tributary/core' exports");
  }
  if (typeof create !== 'function') problems.push('create is not a function');
  if (validate !== undefined && typeof validate !== 'function') problems.push('validate is not a function');
  if (kind === 'receiver' || kind === 'processor' || kind === 'exporter') {
    if (!isSignalMap(factory['signals'])) problems.push(`signals has none of ${SIGNALS.join(', ')}`);
  }
  if (kind === 'connector' && !isRouteList(factory['routes'])) {
    problems.push('routes is not a list of { from, to, stability }');
  }
  return problems;
}

function shown(value: unknown): string {
  return typeof value === 'string'
    ? `found ${JSON.stringify(value)}`
    : `found ${value === undefined ? 'nothing' : typeof value}`;
}

function isNameList(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && isComponentType(name));
}

function isZodSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '_zod' in value && 'safeParse' in value;
}

function isSignalMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every(isSignal);
}

function isRouteList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((route) => isSignal(route?.from) && isSignal(route?.to))
  );
}

function isSignal(value: unknown): boolean {
  return SIGNALS.some((signal) => signal === value);
}

import { type ErrorCode, PipelineError } from '../errors.ts';
import { hideCredentials } from './describe-value.ts';
import { formatDiagnostic } from './format-diagnostic.ts';
import { type ConfigPath, formatPath } from './node.ts';
import type { Origin, Source } from './source.ts';

/** How bad a diagnostic is: only errors keep a configuration from being used. */
export type Severity = 'error' | 'warning' | 'info';

/** A piece of the source that a diagnostic points at; values that could be secret are left out of it. */
export interface Excerpt {
  readonly text: string;
  /** Where the marked piece begins in `text`, counted from 0, and how long it is. */
  readonly start: number;
  readonly length: number;
}

/** Something that is wrong with, or noteworthy in, a configuration. */
export interface Diagnostic {
  readonly severity: Severity;
  readonly code: Extract<ErrorCode, 'CONFIG_INVALID' | 'CONFIG_UNREADABLE' | 'PLUGIN_LOAD'>;
  /** The file, `env:NAME` or `--set a.b=…` that it is about; undefined if it is about none. */
  readonly source?: string;
  /** Counted from 1; undefined where the source has no lines. */
  readonly line?: number;
  readonly column?: number;
  /** Keys from the top, joined by `::`; empty for the whole. */
  readonly path: string;
  /** What is wrong, lower case, without place, path or remedy. */
  readonly message: string;
  /** What was expected and found, where the message says it. */
  readonly expected?: string;
  readonly found?: string;
  /** Where the value came from, if it was substituted: `${env:PORT}`. */
  readonly from?: string;
  /** The key, type or id that was probably meant. */
  readonly suggestion?: string;
  /** What to do, as sentences. */
  readonly hint?: string;
  readonly excerpt?: Excerpt;
}

/** What a caller says of a problem; place and path are given beside it. */
export type Problem = Pick<Diagnostic, 'message'> &
  Partial<Pick<Diagnostic, 'code' | 'expected' | 'found' | 'from' | 'suggestion' | 'hint'>> & {
    /** Leaves the marked text out of the excerpt: it may be secret. */
    readonly isSecret?: boolean;
  };

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends PipelineError {
  override readonly name = 'ConfigError';
  /** All of them, errors and warnings, by source and line. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    super('CONFIG_INVALID', errors.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n'));
    this.diagnostics = diagnostics;
  }
}

/** Gathers diagnostics while a configuration is read; says each only once. */
export class Diagnostics {
  readonly #entries: { readonly order: number; readonly diagnostic: Diagnostic }[] = [];
  readonly #seen = new Set<string>();
  readonly #sourceOrder = new Map<string, number>();
  #hasErrors = false;

  /** True if one of them is an error. */
  get hasErrors(): boolean {
    return this.#hasErrors;
  }

  /** True if a plugin could not be loaded, so that types may be missing that it would have brought. */
  get hasPluginErrors(): boolean {
    return this.#entries.some(({ diagnostic }) => diagnostic.code === 'PLUGIN_LOAD');
  }

  /** Fixes the order in which sources are listed; others come after them, in the order of their first diagnostic. */
  registerSource(source: Source): void {
    this.#orderOf(source.name);
  }

  error(origin: Origin | undefined, path: ConfigPath, problem: Problem): void {
    this.#hasErrors = true;
    this.#add('error', origin, path, problem);
  }

  warn(origin: Origin | undefined, path: ConfigPath, problem: Problem): void {
    this.#add('warning', origin, path, problem);
  }

  info(origin: Origin | undefined, path: ConfigPath, problem: Problem): void {
    this.#add('info', origin, path, problem);
  }

  /** All of them, by source, line and column; those without a source first. */
  list(): Diagnostic[] {
    return this.#entries
      .toSorted(
        (a, b) =>
          a.order - b.order ||
          (a.diagnostic.line ?? 0) - (b.diagnostic.line ?? 0) ||
          (a.diagnostic.column ?? 0) - (b.diagnostic.column ?? 0),
      )
      .map(({ diagnostic }) => diagnostic);
  }

  #add(severity: Severity, origin: Origin | undefined, path: ConfigPath, problem: Problem): void {
    const { isSecret = false, code = 'CONFIG_INVALID', ...rest } = problem;
    const diagnostic: Diagnostic = {
      severity,
      code,
      ...(origin === undefined ? {} : placeOf(origin, isSecret)),
      path: formatPath(path),
      ...rest,
    };
    const key = formatDiagnostic(diagnostic);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const order = origin === undefined ? -1 : this.#orderOf(origin.source.name);
    this.#entries.push({ order, diagnostic });
  }

  #orderOf(name: string): number {
    const order = this.#sourceOrder.get(name) ?? this.#sourceOrder.size;
    this.#sourceOrder.set(name, order);
    return order;
  }
}

function placeOf({ source, start, end }: Origin, isSecret: boolean): Partial<Diagnostic> {
  if (!source.hasLines) return { source: source.name };
  const { line, column } = source.position(start);
  const excerpt = end > start ? excerptOf(source.line(line), column - 1, end - start, isSecret) : undefined;
  return { source: source.name, line, column, ...(excerpt === undefined ? {} : { excerpt }) };
}

/** What may stand before a marked piece: indentation, list dashes, the key, and words of a list in one line. */
const HARMLESS_PREFIX = /^[\s-]*(?:["']?[\w./:-]+["']?:\s+)?(?:\[[\w\s,/"'-]*)?$/;

/** The marked piece with what stands harmlessly before it; undefined if nothing of the line may be shown. */
function excerptOf(line: string, start: number, length: number, isSecret: boolean): Excerpt | undefined {
  const before = line.slice(0, start);
  const isPrefixShown = HARMLESS_PREFIX.test(before);
  if (isSecret && (!isPrefixShown || before.trim() === '')) return undefined;
  const prefix = isPrefixShown ? before : `${/^\s*/.exec(line)?.[0] ?? ''}… `;
  const marked = isSecret ? '…' : hideCredentials(line.slice(start, start + length));
  const after = line.slice(start + length).replace(/^(\s*:)?.*$/, '$1');
  const isCut = line.slice(start + length + after.length).trim() !== '';
  return {
    text: `${prefix}${marked}${after}${isCut ? ' …' : ''}`,
    start: prefix.length,
    length: marked.length,
  };
}

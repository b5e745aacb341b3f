import type { Diagnostic } from './diagnostic.ts';

/** How diagnostics are written. */
export interface FormatOptions {
  /** Adds the line of the source with a mark under the place. */
  readonly excerpt?: boolean;
}

/**
 * Writes a diagnostic for people, in one line:
 *
 *     config.yaml:12:7: receivers::otlp::protocols::grpc::endpont: unknown key. Did you mean "endpoint"?
 *
 * Anything but an error says what it is before the path.
 */
export function formatDiagnostic(diagnostic: Diagnostic, options: FormatOptions = {}): string {
  const { severity, source, line, column, path, message, from, hint, excerpt } = diagnostic;
  const place = line === undefined ? source : `${source}:${line}:${column}`;
  const parts = [place, severity === 'error' ? undefined : severity, path === '' ? undefined : path];
  const where = parts.map((part) => (part === undefined ? '' : `${part}: `)).join('');
  const isLast = from === undefined && hint === undefined;
  const what = `${isLast ? message : message.replace(/\.$/, '')}${origin(from)}${remedy(hint)}`;
  if (options.excerpt !== true || excerpt === undefined || line === undefined) return `${where}${what}`;
  const gutter = ' '.repeat(String(line).length);
  const mark = ' '.repeat(excerpt.start) + '^'.repeat(excerpt.length);
  return `${where}${what}\n  ${line} | ${excerpt.text}\n  ${gutter} | ${mark}`;
}

function origin(from: string | undefined): string {
  return from === undefined ? '' : ` (from ${from})`;
}

function remedy(hint: string | undefined): string {
  return hint === undefined ? '' : `. ${hint}${/[.?!]$/.test(hint) ? '' : '.'}`;
}

/** Writes several diagnostics, one after the other. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], options: FormatOptions = {}): string {
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, options)).join('\n');
}

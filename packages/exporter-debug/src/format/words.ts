/** What OTLP's enumerations are called, by the words that people use for them. */

/** Names of log severities by their number, as the specification of logs has them; `''` for none. */
export function severityName(number: number): string {
  if (number < 1 || number > 24) return '';
  const level = SEVERITIES[Math.floor((number - 1) / 4)] as string;
  const step = ((number - 1) % 4) + 1;
  return step === 1 ? level : `${level}${step}`;
}

const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;

/** Span kinds by their number. */
export function spanKindName(kind: number): string {
  return SPAN_KINDS[kind] ?? `kind ${kind}`;
}

const SPAN_KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

/** Status codes of spans by their number. */
export function statusName(code: number): string {
  return STATUS_CODES[code] ?? `status ${code}`;
}

const STATUS_CODES = ['unset', 'ok', 'error'] as const;

/** Aggregation temporalities by their number. */
export function temporalityName(temporality: number): string {
  return TEMPORALITIES[temporality] ?? `temporality ${temporality}`;
}

const TEMPORALITIES = ['unspecified', 'delta', 'cumulative'] as const;

/** The word with its first letter in upper case, as the Collector's detailed output has it. */
export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

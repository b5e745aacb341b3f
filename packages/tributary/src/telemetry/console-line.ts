import { ATTR_OTELCOL_COMPONENT_ID, ATTR_OTELCOL_COMPONENT_KIND } from '@tributary/core';

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

// Everything that a terminal could take for a command: C0, DEL, C1. Values come from outside.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/g;

function escapeControls(text: string): string {
  return text.replace(CONTROL_CHARACTERS, (character) => {
    const code = character.charCodeAt(0);
    return code === 10 ? '\\n' : `\\x${code.toString(16).padStart(2, '0')}`;
  });
}

function formatValue(value: unknown): string {
  if (typeof value !== 'string') return escapeControls(JSON.stringify(value) ?? 'undefined');
  return value === '' || /[\s"=]/.test(value) ? JSON.stringify(value) : escapeControls(value);
}

/**
 * One log line for people, from one line of pino's JSON: time, level, component, message, then the other fields as
 * `key=value`. A line that is not JSON is passed on as it is.
 */
export function formatConsoleLine(json: string): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json;
  }
  const { level, ts, msg, error, [ATTR_OTELCOL_COMPONENT_ID]: id, ...rest } = record;
  delete rest[ATTR_OTELCOL_COMPONENT_KIND];
  const name = (typeof level === 'number' ? LEVEL_NAMES[level] : undefined) ?? String(level);
  const parts = [String(ts), name.padEnd(5)];
  if (id !== undefined) parts.push(formatValue(id));
  parts.push(escapeControls(String(msg ?? '')));
  for (const [key, value] of Object.entries(rest)) parts.push(`${key}=${formatValue(value)}`);
  if (error !== undefined) parts.push(`error=${formatValue(errorText(error))}`);
  return `${parts.join('  ')}\n`;
}

function errorText(error: unknown): unknown {
  const isErrorLike = typeof error === 'object' && error !== null && 'message' in error;
  return isErrorLike ? error.message : error;
}

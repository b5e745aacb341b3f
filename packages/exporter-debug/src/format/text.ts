/**
 * Makes text from outside safe to print. A terminal obeys control characters (it moves the cursor, changes colours,
 * sets titles, some answer), and text that runs right to left can make a line look like another one.
 */

/** C0, DEL and C1 controls, line and paragraph separators, direction marks, and the byte order mark. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;
const ALL_UNSAFE = new RegExp(UNSAFE, 'g');

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with everything that a terminal would obey written as an escape, such as `\n` and `\x1b`. */
export function printable(text: string): string {
  const wellFormed = text.toWellFormed();
  return UNSAFE.test(wellFormed) ? wellFormed.replace(ALL_UNSAFE, escaped) : wellFormed;
}

/** As `printable`, but at most `limit` characters of the text, with `…` where some were left out. */
export function shortened(text: string, limit: number): string {
  return text.length <= limit ? printable(text) : `${printable(text.slice(0, limit).trimEnd())}…`;
}

/** A word that stands between spaces and may follow `=`: as it is if it is plain, else in quotes. */
export function word(text: string, limit: number): string {
  const shown = shortened(text, limit);
  return shown !== '' && !/[\s"=]/.test(shown) ? shown : `"${shown.replaceAll('"', '\\"')}"`;
}

function escaped(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

const MAX_SHOWN = 60;

/** Says what was found, for a message: `"abc"`, `5`, `a list`; with `isHidden` only what kind of thing it is. */
export function describeValue(value: unknown, isHidden = false): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'string') return isHidden ? 'a string' : quote(hideCredentials(value));
  if (typeof value === 'number' || typeof value === 'bigint') return isHidden ? 'a number' : String(value);
  if (typeof value === 'boolean') return isHidden ? 'a boolean' : String(value);
  return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
}

/** Writes a string in quotes, cut if it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

/** Leaves the user and the password out of the URLs in a text. */
export function hideCredentials(text: string): string {
  return text.replace(/(:\/\/)[^/@\s]*@/g, '$1…@');
}

/** Joins words as English does: `a, b or c`. */
export function joinOr(words: readonly string[]): string {
  if (words.length <= 1) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
}

/** True for the keys that usually hold secrets: their values are not shown, whatever the schema says. */
export function looksSecret(path: readonly (string | number)[]): boolean {
  return path.some((key) => SECRET_NAME.test(String(key)));
}

const SECRET_NAME =
  /pass(?:word|wd|phrase)|secret|token|api[_-]?key|authorization|credential|cookie|private_key/i;

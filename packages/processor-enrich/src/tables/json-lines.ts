const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** A list or an object that is open: what it is called, by the keys that lead to it. */
interface Level {
  readonly isList: boolean;
  readonly path: string | undefined;
  /** The key of the member that comes next; of objects alone. */
  key: string;
}

/**
 * The lines in which the elements of a list begin, the one under `path` (keys with dots between them) or the whole document. The
 * text must be JSON, as `JSON.parse` takes it.
 */
export function jsonLines(text: string, path: string | undefined): readonly number[] {
  const lines: number[] = [];
  const open: Level[] = [];
  let line = 1;
  /** Whether a value or a key may begin: after `[`, `{`, `,` and `:`. */
  let isNext = true;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === NEWLINE) line++;
    if (code <= SPACE) continue;
    const character = text[at];
    const level = open.at(-1);
    const isEnd = character === ']' || character === '}';
    if (isNext && !isEnd && level?.isList === true && level.path === path) lines.push(line);
    isNext = character === '[' || character === '{' || character === ',' || character === ':';
    if (character === '[' || character === '{') {
      const begun = { isList: character === '[', path: pathOf(level), key: '' };
      // Of two members of one name the last counts.
      if (begun.path === path) lines.length = 0;
      open.push(begun);
    } else if (isEnd) {
      open.pop();
    } else if (code === QUOTE) {
      const end = endOfString(text, at);
      // Of an object's strings the last before a colon is the key.
      if (level?.isList === false) level.key = text.slice(at, end + 1);
      at = end;
    }
  }
  return lines;
}

/** The path of what begins in `level`; undefined for the document. Elements of lists have none that can be asked for. */
function pathOf(level: Level | undefined): string | undefined {
  if (level === undefined) return undefined;
  if (level.isList) return '\u0000';
  const key = String(JSON.parse(level.key));
  return level.path === undefined ? key : `${level.path}.${key}`;
}

/** Where the quotation mark stands that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

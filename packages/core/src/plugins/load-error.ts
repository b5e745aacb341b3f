/** Putting into words why a plugin could not be loaded, with the plugin's own place where it has one. */
import { fileURLToPath } from 'node:url';

/** What is wrong with a plugin, and what to do. */
export interface LoadProblem {
  readonly message: string;
  readonly hint?: string;
}

/** The codes of Node's errors that say something about the file and not about its code. */
const KNOWN: Readonly<Record<string, (name: string, place: string) => LoadProblem>> = {
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING: (name) => ({
    message: `plugin "${name}" is TypeScript below a node_modules folder, where Node does not strip types`,
    hint: 'Publish the package as JavaScript, or name a .ts file outside node_modules by its path',
  }),
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX: (name, place) => ({
    message: `plugin "${name}" uses TypeScript that has to be compiled${place}`,
    hint: 'Node only strips types: write it without enum, namespace and parameter properties',
  }),
  ERR_UNKNOWN_FILE_EXTENSION: (name) => ({
    message: `plugin "${name}" is no file that Node can load`,
    hint: 'Name a .ts, .mts, .js or .mjs file, or an npm package',
  }),
  ERR_UNSUPPORTED_DIR_IMPORT: (name) => ({
    message: `plugin "${name}" is a folder`,
    hint: 'Name the file in it',
  }),
};

/** Describes an error that importing a plugin raised. Never throws, whatever was thrown. */
export function describeLoadError(name: string, error: unknown): LoadProblem {
  const { code, message, stack } = detailsOf(error);
  const place = placeIn(stack);
  const known = code === undefined ? undefined : KNOWN[code];
  if (known !== undefined) return known(name, place === undefined ? '' : ` (${place}: ${message})`);
  return {
    message: `plugin "${name}" failed while loading: ${message}${place === undefined ? '' : ` (at ${place})`}`,
  };
}

function detailsOf(error: unknown): {
  readonly code?: string;
  readonly message: string;
  readonly stack: string;
} {
  if (!(error instanceof Error)) return { message: String(error), stack: '' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const text =
    code?.startsWith('ERR_') === true || error.name === 'Error'
      ? error.message
      : `${error.name}: ${error.message}`;
  return {
    ...(code === undefined ? {} : { code }),
    message: text.split('\n', 1)[0] as string,
    stack: error.stack ?? '',
  };
}

/** Where the loading itself is done: frames there say nothing of the plugin. */
const OWN_FOLDER = new URL('.', import.meta.url).href;

/**
 * The first place in a stack that is in a file of somebody's own. Syntax errors have it in the first line, as
 * `file:///path:line` or `/path:line`; others in a frame, as `at f (file:///path:line:column)`.
 */
function placeIn(stack: string): string | undefined {
  const [first = '', ...frames] = stack.split('\n');
  const syntax = /^(file:\/\/\S+|\/\S+|[A-Za-z]:\\\S+):(\d+)$/.exec(first);
  if (syntax !== null) return `${toPath(syntax[1] as string)}:${syntax[2]}`;
  for (const frame of frames) {
    const match = /(?:\(|at |async )(file:\/\/[^\s()]+?):(\d+):(\d+)\)?$/.exec(frame);
    if (match === null || match[1]?.startsWith(OWN_FOLDER) === true) continue;
    return `${toPath(match[1] as string)}:${match[2]}:${match[3]}`;
  }
  return undefined;
}

function toPath(place: string): string {
  return place.startsWith('file://') ? fileURLToPath(place) : place;
}

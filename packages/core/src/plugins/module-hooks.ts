/**
 * How modules are found while plugins are loaded (node:module `registerHooks`, in the same thread):
 *
 * - `@tributary/core` and `@tributary/testkit` are always the running program's own, whatever `node_modules` the
 *   plugin's folder has. Two copies of core would have two `PermanentError` classes, and errors would lose their
 *   meaning between them.
 * - A plugin that a configuration names is found from the configuration's folder, else from the program.
 *
 * The hooks cost nothing once everything is loaded, and touch no other module.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Specifiers of this scheme carry a plugin's own specifier and the folder that it is named in. */
const SCHEME = 'tributary-plugin:';

/** The packages that plugins share with the program; core finds itself by its own name. */
const SHARED = /^@tributary\/(core|testkit)(?:\/|$)/;

let isInstalled = false;

/** Installs the hooks; once is enough, more does nothing. */
export function installPluginHooks(): void {
  if (isInstalled) return;
  isInstalled = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier.startsWith(SCHEME)) {
        const { name, parents } = decodeSpecifier(specifier);
        return firstThatResolves(parents, (parentURL) => nextResolve(name, { ...context, parentURL }));
      }
      const shared = SHARED.exec(specifier);
      if (shared === null) return nextResolve(specifier, context);
      // CommonJS heeds no other parent, so that the place is looked up as an import, which comes here again.
      if (context.conditions.includes('require')) {
        return { url: import.meta.resolve(specifier), shortCircuit: true };
      }
      // The program may be installed without its testkit; the plugin's own will do for tests.
      const parents = shared[1] === 'core' ? [import.meta.url] : [import.meta.url, context.parentURL];
      return firstThatResolves(parents, (parentURL) => nextResolve(specifier, { ...context, parentURL }));
    },
  });
}

/** The specifier that imports a plugin as the configuration in a folder names it. */
export function pluginSpecifier(name: string, dir: string): string {
  const parents = [pathToFileURL(`${dir}/config.yaml`).href, import.meta.url];
  return SCHEME + encodeURIComponent(JSON.stringify({ name, parents }));
}

function decodeSpecifier(specifier: string): { readonly name: string; readonly parents: readonly string[] } {
  return JSON.parse(decodeURIComponent(specifier.slice(SCHEME.length))) as {
    name: string;
    parents: string[];
  };
}

/** Tries each in turn; if none resolves, the first one's error stands. */
function firstThatResolves<T>(
  parents: readonly (string | undefined)[],
  resolve: (parent: string | undefined) => T,
): T {
  const errors: unknown[] = [];
  for (const parent of parents) {
    try {
      return resolve(parent);
    } catch (error) {
      errors.push(error);
    }
  }
  throw errors[0];
}

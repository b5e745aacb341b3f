import { COMPONENT_KINDS, type ComponentKind } from '../../packages/core/src/component/factory.ts';

/** The names of a plugin in all the forms in which its files have them. */
export interface PluginNames {
  readonly kind: ComponentKind;
  /** `processor-span-metrics`: the folder, and the package without its scope. */
  readonly folder: string;
  /** `span-metrics`: the file. */
  readonly file: string;
  /** `span_metrics`: the component's type. */
  readonly type: string;
  /** `SpanMetrics`: the beginning of classes and types. */
  readonly pascal: string;
  /** `spanMetrics`: the beginning of constants. */
  readonly camel: string;
}

/** Takes the name of a plugin package apart; throws what is wrong with it. */
export function pluginNames(folder: string | undefined): PluginNames {
  const example = 'such as processor-span-metrics';
  if (folder === undefined) throw new Error(`new:plugin: no name. Give the kind and the type, ${example}.`);
  const [first = '', ...words] = folder.split('-');
  const kind = COMPONENT_KINDS.find((name) => name === first);
  if (kind === undefined) {
    const kinds = COMPONENT_KINDS.join(', ');
    throw new Error(
      `new:plugin: "${folder}" does not begin with a kind. Begin with one of ${kinds}, ${example}.`,
    );
  }
  if (words.length === 0 || !words.every((word) => /^[a-z][a-z0-9]*$/.test(word))) {
    throw new Error(
      `new:plugin: "${folder}" has no type of lower case words. Write the type after the kind, ${example}.`,
    );
  }
  const type = words.join('_');
  if (type.length > 63)
    throw new Error(`new:plugin: the type "${type}" is too long. Use at most 63 characters.`);
  const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return {
    kind,
    folder,
    file: words.join('-'),
    type,
    pascal,
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
  };
}

/** Puts a plugin's names where a template or its path says "example". */
export function withNames(text: string, names: PluginNames): string {
  return text
    .replaceAll(`${names.kind}-example`, names.folder)
    .replaceAll(/example(?=\.ts|\.test\.ts)/g, names.file)
    .replaceAll(/example(?=[A-Z])/g, names.camel)
    .replaceAll('Example', names.pascal)
    .replaceAll('example', names.type);
}

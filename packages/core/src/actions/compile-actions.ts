import type { Attributes } from '../otlp/attributes.ts';
import type { BatchMeta } from '../otlp/batch-meta.ts';
import { type AttributeActionConfig, isGiven } from './action-config.ts';
import type { AttributeAction, WriteMode } from './attribute-action.ts';
import { type ConvertedType, ConvertValue } from './convert-action.ts';
import { ExtractGroups } from './extract-action.ts';
import { HashKey, HashMatching } from './hash-action.ts';
import { compileValidPattern } from './pattern.ts';
import { DeleteKey, DeleteMatching, RenameAttribute } from './remove-actions.ts';
import { type ConfigValue, CopyAttribute, WriteContext, WriteValue } from './write-actions.ts';

/** A list of actions ready to be applied, in the order of the configuration. */
export class AttributeActions implements AttributeAction {
  readonly #actions: readonly AttributeAction[];

  constructor(actions: readonly AttributeAction[]) {
    this.#actions = actions;
  }

  apply(attributes: Attributes, meta: BatchMeta): void {
    const actions = this.#actions;
    for (let i = 0; i < actions.length; i++) (actions[i] as AttributeAction).apply(attributes, meta);
  }
}

/** Prepares actions that `validateActions` found to be right. */
export function compileActions(configs: readonly AttributeActionConfig[]): AttributeAction {
  const actions: AttributeAction[] = [];
  for (let i = 0; i < configs.length; i++) {
    const config = configs[i] as AttributeActionConfig;
    const rename = compileRename(config, configs[i + 1]);
    if (rename === undefined) actions.push(...compileAction(config));
    else {
      actions.push(rename);
      i++;
    }
  }
  return actions.length === 1 ? (actions[0] as AttributeAction) : new AttributeActions(actions);
}

/** A copy to another key, followed at once by the `delete` of its source and of nothing else, is a rename. */
function compileRename(
  copy: AttributeActionConfig,
  remove: AttributeActionConfig | undefined,
): AttributeAction | undefined {
  const { action, key, from_attribute: from } = copy;
  if (action !== 'insert' && action !== 'upsert') return undefined;
  if (!isGiven(from) || from === key || (copy.default_value ?? undefined) !== undefined) return undefined;
  if (remove?.action !== 'delete' || remove.key !== from || isGiven(remove.pattern)) return undefined;
  return new RenameAttribute(from as string, key as string, action === 'upsert');
}

function compileAction(config: AttributeActionConfig): AttributeAction[] {
  const { action, key = '', pattern = '' } = config;
  switch (action) {
    case 'insert':
    case 'update':
    case 'upsert':
      return [compileWrite(action, key, config)];
    case 'delete':
      return [
        ...(key === '' ? [] : [new DeleteKey(key)]),
        ...(pattern === '' ? [] : [new DeleteMatching(compileValidPattern(pattern))]),
      ];
    case 'hash':
      return [
        ...(key === '' ? [] : [new HashKey(key)]),
        ...(pattern === '' ? [] : [new HashMatching(compileValidPattern(pattern))]),
      ];
    case 'extract':
      return [new ExtractGroups(key, compileValidPattern(pattern))];
    case 'convert':
      return [new ConvertValue(key, config.converted_type as ConvertedType)];
  }
}

function compileWrite(mode: WriteMode, key: string, config: AttributeActionConfig): AttributeAction {
  const defaultValue = (config.default_value ?? undefined) as ConfigValue | undefined;
  if (isGiven(config.from_attribute)) {
    return new CopyAttribute(mode, key, config.from_attribute as string, defaultValue);
  }
  if (isGiven(config.from_context)) {
    return new WriteContext(mode, key, config.from_context as string, defaultValue);
  }
  return new WriteValue(mode, key, (config.value ?? defaultValue) as ConfigValue);
}

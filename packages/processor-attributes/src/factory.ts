import {
  checkMatchForSignal,
  compileActions,
  compileMatcher,
  defineProcessor,
  PipelineError,
  type Settings,
  SIGNALS,
  type Signal,
} from '@tributary/core';
import { AttributesProcessor } from './attributes-processor.ts';
import { type AttributesConfig, attributesConfigSchema } from './config.ts';
import { ItemSelection } from './item-selection.ts';

/** The `attributes` processor: inserts, changes and removes attributes of spans, data points and log records. */
export const attributesProcessor = defineProcessor<AttributesConfig>({
  type: 'attributes',
  description: 'Inserts, changes and removes attributes of spans, data points and log records.',
  signals: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  isCopyable: true,
  configSchema: attributesConfigSchema,
  create: (settings, config, next) => {
    const selection = createSelection(settings, config);
    return new AttributesProcessor(compileActions(config.actions), selection, next);
  },
});

function createSelection(settings: Settings, config: AttributesConfig): ItemSelection | undefined {
  if (config.include === undefined && config.exclude === undefined) return undefined;
  const signal = signalOf(settings.pipeline);
  checkForSignal(config, signal, settings);
  const { include, exclude } = config;
  return new ItemSelection(
    include && compileMatcher(include, signal),
    exclude && compileMatcher(exclude, signal),
  );
}

/** What a block may name depends on the pipeline that the processor stands in, which the schema cannot know. */
function checkForSignal(config: AttributesConfig, signal: Signal, { id, pipeline }: Settings): void {
  const problems = (['include', 'exclude'] as const).flatMap((block) => {
    const properties = config[block];
    if (properties === undefined) return [];
    return checkMatchForSignal(properties, signal).map((problem) => `${block}: ${problem}`);
  });
  if (problems.length === 0) return;
  throw new PipelineError(
    'CONFIG_INVALID',
    `processors::${id} in pipeline ${pipeline}: ${problems.join(' ')}`,
  );
}

/** A processor's instance belongs to one pipeline, whose id begins with the signal. */
function signalOf(pipeline: string | undefined): Signal {
  const signal = SIGNALS.find((name) => name === pipeline?.split('/')[0]);
  if (signal === undefined) throw new TypeError(`attributes: created outside a pipeline (${pipeline}).`);
  return signal;
}

import { describe, expect, it } from 'vitest';
import { debugConfigSchema, validateDebugConfig } from '../src/config.ts';

describe('the configuration of the debug exporter', () => {
  it('has defaults for everything', () => {
    const config = debugConfigSchema.parse({});
    expect(config).toStrictEqual({
      verbosity: 'basic',
      sampling_initial: 2,
      sampling_thereafter: 1,
      use_internal_logger: false,
      output_paths: ['stdout'],
    });
    expect(validateDebugConfig(config)).toEqual([]);
  });

  it('takes a configuration of the Collector', () => {
    const block = {
      verbosity: 'Detailed',
      sampling_initial: 5,
      sampling_thereafter: 200,
      use_internal_logger: false,
      output_paths: ['stderr', '/tmp/debug.txt'],
    };
    expect(debugConfigSchema.parse(block)).toStrictEqual({ ...block, verbosity: 'detailed' });
  });

  it('refuses a typo', () => {
    expect(debugConfigSchema.safeParse({ verbositty: 'basic' }).error?.issues).toMatchObject([
      { code: 'unrecognized_keys', keys: ['verbositty'] },
    ]);
  });

  it('refuses paths that would have no effect', () => {
    const config = debugConfigSchema.parse({ use_internal_logger: true, output_paths: ['stderr'] });
    expect(validateDebugConfig(config)).toEqual([
      {
        path: ['output_paths'],
        message: 'has no effect with "use_internal_logger: true". Remove one of the two.',
      },
    ]);
  });
});

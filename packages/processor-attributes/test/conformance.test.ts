import { describeConformance } from '@tributary/testkit';
import { attributesProcessor } from '../src/index.ts';

describeConformance(attributesProcessor, {
  config: { actions: [{ key: 'environment', value: 'test', action: 'upsert' }] },
  requiredSettings: ['actions'],
});

import { describeConformance } from '@tributary/testkit';
import { resourceProcessor } from '../src/index.ts';

describeConformance(resourceProcessor, {
  config: { attributes: [{ key: 'deployment.environment.name', value: 'test', action: 'upsert' }] },
  requiredSettings: ['attributes'],
});

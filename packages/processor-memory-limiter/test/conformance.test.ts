import { describeConformance } from '@tributary/testkit';
import { memoryLimiterProcessor } from '../src/index.ts';

describeConformance(memoryLimiterProcessor, {
  config: { check_interval: '1s', limit_mib: 100_000 },
  requiredSettings: ['check_interval', 'limit_mib'],
});

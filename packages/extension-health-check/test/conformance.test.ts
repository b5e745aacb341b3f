import { describeConformance } from '@tributary/testkit';
import { healthCheckExtension } from '../src/index.ts';

describeConformance(healthCheckExtension, { config: { endpoint: '127.0.0.1:0' } });

import { describeConformance } from '@tributary/testkit';
import { batchProcessor } from '../src/index.ts';

describeConformance(batchProcessor);

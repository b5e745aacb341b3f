import { describeConformance } from '@tributary/testkit';
import { exampleProcessor } from '../src/index.ts';

describeConformance(exampleProcessor);

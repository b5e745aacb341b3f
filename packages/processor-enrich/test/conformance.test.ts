import { describeConformance } from '@tributary/testkit';
import { enrichProcessor } from '../src/index.ts';

describeConformance(enrichProcessor);

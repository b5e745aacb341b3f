import { describeConformance } from '@tributary/testkit';
import { exampleConnector } from '../src/index.ts';

describeConformance(exampleConnector);

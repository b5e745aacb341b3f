import { describeConformance } from '@tributary/testkit';
import { flowmetricsConnector } from '../src/index.ts';

describeConformance(flowmetricsConnector);

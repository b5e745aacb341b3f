import { describeConformance } from '@tributary/testkit';
import { exampleExtension } from '../src/index.ts';

describeConformance(exampleExtension);

import { describeConformance } from '@tributary/testkit';
import { exampleExporter } from '../src/index.ts';

describeConformance(exampleExporter);

import { describeConformance } from '@tributary/testkit';
import { nopExporter } from '../src/index.ts';

describeConformance(nopExporter);

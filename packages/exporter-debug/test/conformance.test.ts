import { describeConformance } from '@tributary/testkit';
import { debugExporter } from '../src/index.ts';

describeConformance(debugExporter, { config: { output_paths: ['/dev/null'] } });

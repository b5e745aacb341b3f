import { describeConformance } from '@tributary/testkit';
import { enrichProcessor, k8sAttributesProcessor } from '../src/index.ts';

describeConformance(enrichProcessor);

// With passthrough it starts without an API server.
describeConformance(k8sAttributesProcessor, {
  config: { passthrough: true },
  exceptions: { 'type-matches-package': 'it shares the join of resources with `enrich`, and its package' },
});

import { describeConformance } from '@tributary/testkit';
import { lineClient, toyConnector, toyExporter, toyExtension, toyProcessor, toyReceiver } from './toys.ts';

const exceptions = { 'type-matches-package': 'it is a toy of this test' };

describeConformance(toyReceiver(), {
  exceptions,
  contract: { signal: 'logs', connect: ({ component }) => lineClient(component) },
});
describeConformance(toyProcessor, { exceptions });
describeConformance(toyConnector, { exceptions });
describeConformance(toyExporter(), { exceptions, config: () => ({ size: 3 }) });
describeConformance(toyExtension, { exceptions });

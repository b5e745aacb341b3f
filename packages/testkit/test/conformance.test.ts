import { describeConformance } from '@tributary/testkit';
import { lineClient, toyConnector, toyExporter, toyExtension, toyProcessor, toyReceiver } from './toys.ts';

const packageOf = (kind: string) => ({ packageName: `${kind}-testkit-toy` });

describeConformance(toyReceiver(), {
  ...packageOf('receiver'),
  contract: { signal: 'logs', connect: ({ component }) => lineClient(component) },
});
describeConformance(toyProcessor, packageOf('processor'));
describeConformance(toyConnector, packageOf('connector'));
describeConformance(toyExporter(), { ...packageOf('exporter'), config: () => ({ size: 3 }) });
describeConformance(toyExtension, packageOf('extension'));

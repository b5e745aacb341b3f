import { describeConformance } from '@tributary/testkit';
import { exampleReceiver } from '../src/index.ts';

describeConformance(exampleReceiver, {
  exceptions: { 'acknowledged-not-lost': 'it makes its data itself, so nobody waits for an acknowledgement' },
});

import { describeConformance } from '@tributary/testkit';
import { ebpfReceiver } from '../src/index.ts';

describeConformance(ebpfReceiver, {
  exceptions: {
    'acknowledged-not-lost':
      'the receiver has no clients to answer: it keeps what is refused for now and tries again (outbox.test.ts)',
  },
});

import { describeConformance } from '@tributary/testkit';
import { dockerReceiver } from '../src/index.ts';

describeConformance(dockerReceiver, {
  config: { endpoint: 'unix:///nonexistent/docker.sock' },
  exceptions: {
    'acknowledged-not-lost':
      'the receiver has no clients to answer: it keeps what is refused for now and tries again (Outbox)',
  },
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeConformance } from '@tributary/testkit';
import { afterAll } from 'vitest';
import { k8sReceiver } from '../src/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tributary-k8s-'));
const file = path.join(folder, 'config');
// Nobody listens there: the receiver runs all the same, and waits.
writeFileSync(
  file,
  JSON.stringify({
    'current-context': 'none',
    clusters: [{ name: 'none', cluster: { server: 'http://127.0.0.1:1' } }],
    users: [{ name: 'none', user: {} }],
    contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
  }),
);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeConformance(k8sReceiver, {
  config: { auth_type: 'kubeConfig', kube_config_path: file },
  exceptions: {
    'acknowledged-not-lost':
      'the receiver has no clients to answer: it keeps what is refused for now and tries again (Outbox)',
  },
});

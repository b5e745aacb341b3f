import { beforeEach, expect, it } from 'vitest';
import { orderPeer, type PeerCall, peer, peerCalls, withCluster } from '../src/index.ts';
import { skipWithoutLab } from './skip-without-lab.ts';

beforeEach(skipWithoutLab);

it('peers say whom they called, from which port, and who answered', async () => {
  const pods = ['one', 'other'].map((name) => ({
    name,
    labels: { app: name },
    containers: [{ name: 'peer', workload: peer({ identity: `identity of ${name}` }) }],
  }));
  const services = [{ name: 'service', selector: { app: 'other' }, ports: [{ port: 80, targetPort: 7000 }] }];
  await withCluster({ pods, services }, async (lab) => {
    const [one, other] = [lab.pod('one'), lab.pod('other')];
    const service = lab.service('service').addresses?.ip ?? '';
    const before = Date.now();
    const calls: PeerCall[] = [];
    orderPeer(one.container(), {
      targets: [
        { host: other.ip, port: 7000 },
        { host: service, port: 80 },
      ],
      perSecond: 20,
      holdMs: 100,
    });
    for await (const made of peerCalls(one.container())) {
      calls.push(...made);
      if (calls.length >= 4) break;
    }
    const said = new Set(
      calls.map(
        ({ remoteAddress, remotePort, answeredBy }) => `${remoteAddress}:${remotePort} ${answeredBy}`,
      ),
    );
    expect(said).toEqual(new Set([`${other.ip}:7000 identity of other`, `${service}:80 identity of other`]));
    expect(calls.every(({ localAddress, localPort }) => localAddress === one.ip && localPort > 0)).toBe(true);
    expect(calls.every(({ startMs }) => startMs >= before && startMs <= Date.now())).toBe(true);
  });
});

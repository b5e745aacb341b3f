/** Where the kernel's address translation sent connections, by its own connection tracking. */
import { addressKey, type NetworkTransport } from '@tributary/core';
import { type TestSettings, testSettings } from '@tributary/testkit';
import { beforeEach, expect, it } from 'vitest';
import { conntrackConfigSchema } from '../../src/flows/conntrack/conntrack-config.ts';
import { ConntrackPart } from '../../src/flows/conntrack/conntrack-part.ts';
import { type Lab, withLab } from './lab.ts';
import { type Peer, type Step, withPeers } from './peer.ts';
import { skipWithoutBpf } from './skip-without-bpf.ts';

const SERVICE = '192.0.2.10';
const SERVICE6 = '2001:db8::10';
const SERVICE_PORT = 80;

beforeEach(skipWithoutBpf);

/** The file that stands for the client's network namespace, which translates as a node does. */
const clientNamespace = (lab: Lab): string => `/run/netns/${lab.client.at(-1)}`;

/** Sends what the client sends to the service to the server. */
function serve(lab: Lab, transport: 'tcp' | 'udp', port: number): void {
  const rules = `table inet service {
    chain output {
      type nat hook output priority -100
      ip daddr ${SERVICE} ${transport} dport ${SERVICE_PORT} dnat ip to ${lab.serverAddress}:${port}
      ip6 daddr ${SERVICE6} ${transport} dport ${SERVICE_PORT} dnat ip6 to [${lab.serverAddress6}]:${port}
    }
  }`;
  lab.inClient('nft', rules);
  lab.inClient('ip', 'route', 'replace', SERVICE, 'via', lab.serverAddress);
  lab.inClient('ip', 'route', 'replace', SERVICE6, 'via', lab.serverAddress6);
}

/** Runs `work` with a translator that asks in the client's namespace as well. */
async function translating(
  namespaces: readonly string[],
  work: (settings: TestSettings) => Promise<void>,
): Promise<void> {
  const settings = testSettings({ id: 'ebpf' });
  const part = new ConntrackPart(settings, conntrackConfigSchema.parse({ network_namespaces: namespaces }));
  await part.start();
  try {
    await work(settings);
  } finally {
    await part.shutdown();
  }
}

/** Where a connection went, as the context says. */
function sentTo(
  settings: TestSettings,
  source: readonly [address: string, port: number],
  destination: readonly [address: string, port: number],
  transport: NetworkTransport = 'tcp',
): unknown {
  return settings.context.translate({
    transport,
    sourceAddress: addressKey(source[0]) ?? 0,
    sourcePort: source[1],
    destinationAddress: addressKey(destination[0]) ?? 0,
    destinationPort: destination[1],
  });
}

/** How often each outcome was counted. */
function outcomes(settings: TestSettings): Record<string, unknown> {
  const counted = Object.entries(settings.registry.snapshot()).flatMap(([series, value]) => {
    const outcome = /^otelcol_receiver_ebpf_conntrack_questions\{.*\boutcome="(\w+)"/.exec(series)?.[1];
    return outcome === undefined || value === 0 ? [] : [[outcome, value]];
  });
  return Object.fromEntries(counted);
}

const FAMILIES = [
  {
    family: 'inet',
    service: SERVICE,
    client: (lab: Lab) => lab.clientAddress,
    server: (lab: Lab) => lab.serverAddress,
  },
  {
    family: 'inet6',
    service: SERVICE6,
    client: (lab: Lab) => lab.clientAddress6,
    server: (lab: Lab) => lab.serverAddress6,
  },
] as const;

it.for(FAMILIES)(
  'a TCP connection to a service went to its backend, also after its end ($family)',
  async (of) => {
    await withLab((lab) =>
      withPeers(async (start) => {
        const server = start(
          [
            { do: 'listen', socket: 'l', host: '::', family: 'inet6' },
            { do: 'accept', from: 'l', socket: 'a' },
            { do: 'receive', socket: 'a' },
          ],
          lab.server,
        );
        const { port = 0 } = await server.next();
        serve(lab, 'tcp', port);
        const client = start(
          [
            { do: 'connect', socket: 'c', host: of.service, port: SERVICE_PORT, family: of.family },
            { do: 'wait' },
            { do: 'close', socket: 'c' },
          ],
          lab.client,
        );
        const { port: clientPort = 0 } = await client.next();
        await translating([clientNamespace(lab)], async (settings) => {
          const backend = { address: addressKey(of.server(lab)), port };
          const source = [of.client(lab), clientPort] as const;
          expect(sentTo(settings, source, [of.service, SERVICE_PORT])).toEqual(backend);
          client.go();
          await Promise.all([client.end(), server.end()]);
          expect(sentTo(settings, source, [of.service, SERVICE_PORT])).toEqual(backend);
          expect(outcomes(settings)).toEqual({ translated: 2 });
        });
      }),
    );
  },
);

it('a UDP flow to a service went to its backend', async () => {
  await withLab((lab) =>
    withPeers(async (start) => {
      const server = start([{ do: 'open', socket: 's', bind: ['0.0.0.0', 0] }, { do: 'wait' }], lab.server);
      const { port = 0 } = await server.next();
      serve(lab, 'udp', port);
      const client = start(
        [
          { do: 'open', socket: 'c', connect: [SERVICE, SERVICE_PORT] },
          { do: 'send', socket: 'c', sizes: [10] },
          { do: 'say', text: 'sent' },
        ],
        lab.client,
      );
      const { port: clientPort = 0 } = await client.next();
      await client.next();
      await translating([clientNamespace(lab)], async (settings) => {
        const source = [lab.clientAddress, clientPort] as const;
        expect(sentTo(settings, source, [SERVICE, SERVICE_PORT], 'udp')).toEqual({
          address: addressKey(lab.serverAddress),
          port,
        });
        expect(sentTo(settings, source, [SERVICE, SERVICE_PORT], 'tcp')).toBeUndefined();
        expect(outcomes(settings)).toEqual({ translated: 1, unknown: 1 });
      });
    }, 'udp_peer.py'),
  );
});

/** A connection within a namespace, from the same port to the same service as in others; returns its backend's port. */
async function connectWithin(
  start: (steps: readonly Step[], prefix: readonly string[]) => Peer,
  namespace: readonly string[],
  translate: (port: number) => void,
): Promise<number> {
  const server = start([{ do: 'listen', socket: 'l', host: '127.0.0.1' }, { do: 'wait' }], namespace);
  const { port = 0 } = await server.next();
  translate(port);
  const client = start(
    [{ do: 'connect', socket: 'c', host: '127.0.0.2', port: 80, bind: ['127.0.0.1', 41000] }, { do: 'wait' }],
    namespace,
  );
  await client.next();
  return port;
}

it('where two network namespaces disagree nothing is known', async () => {
  await withLab((lab) =>
    withPeers(async (start) => {
      const rule = (port: number) => `table ip service {
        chain output { type nat hook output priority -100; ip daddr 127.0.0.2 tcp dport 80 dnat to 127.0.0.1:${port}; }
      }`;
      const port = await connectWithin(start, lab.client, (to) => lab.inClient('nft', rule(to)));
      await connectWithin(start, lab.server, (to) => lab.inServer('nft', rule(to)));
      const [client, server] = [lab.client, lab.server].map((command) => `/run/netns/${command.at(-1)}`);
      const connection = [['127.0.0.1', 41000] as const, ['127.0.0.2', 80] as const] as const;
      await translating([String(client)], async (settings) => {
        expect(sentTo(settings, ...connection)).toEqual({ address: addressKey('127.0.0.1'), port });
      });
      await translating([String(client), String(server)], async (settings) => {
        expect(sentTo(settings, ...connection)).toBeUndefined();
        expect(outcomes(settings)).toEqual({ ambiguous: 1 });
      });
    }),
  );
});

it('of a connection that nothing translated nothing is said', async () => {
  await withLab((lab) =>
    withPeers(async (start) => {
      const server = start([{ do: 'listen', socket: 'l', host: '0.0.0.0' }, { do: 'wait' }], lab.server);
      const { port = 0 } = await server.next();
      // Without rules that ask for it the kernel tracks nothing.
      serve(lab, 'tcp', port);
      const client = start(
        [{ do: 'connect', socket: 'c', host: lab.serverAddress, port }, { do: 'wait' }],
        lab.client,
      );
      const { port: clientPort = 0 } = await client.next();
      await translating([clientNamespace(lab)], async (settings) => {
        const [source, destination] = [
          [lab.clientAddress, clientPort] as const,
          [lab.serverAddress, port] as const,
        ];
        expect(sentTo(settings, source, destination)).toBeUndefined();
        // Its answers are no connection of their own, though the kernel finds the entry by them.
        expect(sentTo(settings, destination, source)).toBeUndefined();
        expect(outcomes(settings)).toEqual({ untranslated: 1, unknown: 1 });
      });
    }),
  );
});

it('a network namespace that is not there is said in the log, and the others are asked', async () => {
  await translating(['/run/netns/trib-nowhere'], async (settings) => {
    expect(settings.logs).toEqual([
      {
        level: 'warn',
        message: 'the backends of Services are not known from conntrack',
        fields: {
          network_namespace: '/run/netns/trib-nowhere',
          error: expect.stringContaining("ENOENT: no such file or directory, open '/run/netns/trib-nowhere'"),
        },
      },
    ]);
    expect(sentTo(settings, ['192.0.2.1', 1], ['192.0.2.2', 2])).toBeUndefined();
    expect(outcomes(settings)).toEqual({ unknown: 1 });
  });
});

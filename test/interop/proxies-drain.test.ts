/**
 * Proxies end connections, are told to drain, read their configuration again and lose who is behind them, while
 * requests are under way: nothing is refused for good, nothing that was acknowledged is lost, and nothing comes twice
 * but where an answer was cut off.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@tributary/lab';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Certificates, makeCertificates } from './certificates.ts';
import {
  numbersThatCame,
  type ReceiverChoice,
  startExporter,
  startReceiver,
  type TestReceiver,
} from './proxies/ends.ts';
import { type Envoy, type EnvoySettings, startEnvoy } from './proxies/envoy.ts';
import { type Nginx, type NginxSettings, nginxProgram, startNginx } from './proxies/nginx.ts';
import { AT_ONCE, lossesOf, type Pace, sendUntil } from './proxies/traffic.ts';
import type { RunningProxy, Way } from './proxies/way.ts';
import { BUILD_TIMEOUT_MS, envoyProgram } from './toolchains.ts';

const TRANSPORTS = ['grpc', 'http'] as const;
type Transport = (typeof TRANSPORTS)[number];

/** Requests at odd intervals of up to some milliseconds meet a connection as it is closed. */
const oddly = (mostMs: number): Pace => ({ pause: () => sleep(Math.random() * mostMs) });
/** A proxy that gives connections little time may also end one that has just been made, which is a failed attempt. */
const RETRY = { retry_on_failure: { enabled: true, initial_interval: '20ms', max_interval: '100ms' } };
const NOTHING_LOST = { refusals: [], lost: [], repeated: 0 };

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
  envoyProgram();
}, BUILD_TIMEOUT_MS);
afterAll(() => certificates.remove());

/** Something that happens to a proxy while requests are under way. */
interface Happening<Settings, Proxied> {
  readonly name: string;
  readonly transport: Transport;
  readonly settings?: Settings;
  readonly receiver?: ReceiverChoice;
  /** What is to hold before the sending ends; it may make it happen. */
  readonly until: (proxy: Proxied, receiver: TestReceiver) => boolean | Promise<boolean>;
  readonly pace?: Pace;
  /** Of the exporter, which does not try again by itself otherwise. */
  readonly exporter?: Readonly<Record<string, unknown>>;
}

async function startEnds(choice: ReceiverChoice = {}) {
  const receiver = await startReceiver('plain', certificates, choice);
  onTestFinished(() => receiver.stop());
  const ways: Way[] = [
    { name: 'grpc', speech: 'h2', security: 'plain', upstreamPort: receiver.grpcPort },
    { name: 'http', speech: 'h1', security: 'plain', upstreamPort: receiver.httpPort },
  ];
  return { receiver, ways };
}

async function exporterTo(
  transport: Transport,
  proxy: RunningProxy,
  choice: Readonly<Record<string, unknown>> = {},
) {
  onTestFinished(() => proxy.stop());
  const exporter = await startExporter(transport, 'plain', proxy.ports[transport]!, certificates, choice);
  onTestFinished(() => exporter.shutdown?.());
  return exporter;
}

/** Sends while it happens. */
async function lossesDuring<Settings, Proxied extends RunningProxy>(
  { transport, settings, receiver: choice, until, pace, exporter: how }: Happening<Settings, Proxied>,
  start: (ways: readonly Way[], files: Certificates, settings: Settings | undefined) => Promise<Proxied>,
) {
  const { receiver, ways } = await startEnds(choice);
  const proxy = await start(ways, certificates, settings);
  const exporter = await exporterTo(transport, proxy, how);
  const { acknowledged, refusals } = await sendUntil(exporter, () => until(proxy, receiver), pace);
  return { refusals, ...lossesOf(acknowledged, numbersThatCame(receiver)) };
}

/** Reads the configuration again until requests came by so many other connections. */
const reloads = (connections: number) => async (nginx: Nginx) => {
  nginx.reload();
  await sleep(100);
  return nginx.requestsByConnection().length >= connections;
};

const AGE = { keepalive: { server_parameters: { max_connection_age: '200ms' } } };

const NGINX: readonly Happening<NginxSettings, Nginx>[] = [
  ...TRANSPORTS.flatMap((transport): Happening<NginxSettings, Nginx>[] => [
    {
      name: 'lets connections carry a few requests',
      transport,
      settings: { http: 'keepalive_requests 20;', upstream: 'keepalive 8; keepalive_requests 15;' },
      until: (nginx) => nginx.requestsByConnection().length > 20,
    },
    {
      name: 'is told to read its configuration again',
      transport,
      until: reloads(transport === 'grpc' ? 5 : 40),
    },
  ]),
  {
    name: 'closes connections after a moment',
    transport: 'http',
    settings: { http: 'keepalive_timeout 20ms;' },
    until: (nginx) => nginx.requestsByConnection().length > 100,
    pace: oddly(40),
    exporter: RETRY,
  },
  {
    name: 'has connections behind that do not grow old',
    transport: 'grpc',
    receiver: { grpc: AGE },
    until: (_, receiver) => receiver.connections() > 20,
  },
];

const drainsAtOnce = ['--drain-strategy', 'immediate', '--drain-time-s', '600'];
/** Tells it once to drain. */
const drains = () => {
  let isTold = false;
  return async (envoy: Envoy) => {
    if (!isTold) await envoy.command('/drain_listeners?graceful&skip_exit');
    isTold = true;
    return (await envoy.count('way.downstream_cx_drain_close')) > 10;
  };
};

const ENVOY: readonly Happening<EnvoySettings, Envoy>[] = [
  ...TRANSPORTS.flatMap((transport): Happening<EnvoySettings, Envoy>[] => [
    {
      name: 'lets connections carry a few requests',
      transport,
      settings: {
        manager: {
          common_http_protocol_options: { max_requests_per_connection: 20 },
          drain_timeout: '0.05s',
        },
        upstream: { max_requests_per_connection: 15 },
      },
      until: async (envoy) => (await envoy.count('way.downstream_cx_max_requests_reached')) > 20,
    },
    {
      name: 'ends connections that grow old, by two GOAWAYs where there are such',
      transport,
      settings: {
        manager: {
          common_http_protocol_options: { max_connection_duration: '0.2s' },
          drain_timeout: '0.05s',
        },
        upstream: { max_connection_duration: '0.2s' },
      },
      until: async (envoy) => (await envoy.count('way.downstream_cx_max_duration_reached')) > 3,
      exporter: RETRY,
    },
    {
      name: 'is told to drain',
      transport,
      settings: { manager: { drain_timeout: '0.05s' }, args: drainsAtOnce },
      until: drains(),
    },
  ]),
  {
    name: 'closes connections after a moment',
    transport: 'http',
    settings: { manager: { common_http_protocol_options: { idle_timeout: '0.02s' } } },
    until: async (envoy) => (await envoy.count('way.downstream_cx_total')) > 100,
    pace: oddly(40),
    exporter: RETRY,
  },
  {
    name: 'has connections behind that do not grow old',
    transport: 'grpc',
    receiver: { grpc: AGE },
    until: (_, receiver) => receiver.connections() > 3,
  },
];

describe('nginx', () => {
  it.for(NGINX)('$name, $transport', async (happening, { skip }) => {
    const found = nginxProgram();
    if ('reason' in found) return skip(found.reason);
    expect(await lossesDuring(happening, startNginx)).toEqual(NOTHING_LOST);
  });
});

describe('Envoy', () => {
  it.for(ENVOY)('$name, $transport', async (happening, { skip }) => {
    const found = envoyProgram();
    if ('reason' in found) return skip(found.reason);
    expect(await lossesDuring(happening, startEnvoy)).toEqual(NOTHING_LOST);
  });
});

const PROXIES = [
  { name: 'nginx', program: nginxProgram, start: startNginx },
  { name: 'Envoy', program: envoyProgram, start: startEnvoy },
].flatMap((proxy) => TRANSPORTS.map((transport) => ({ ...proxy, transport })));

const LEAVES = PROXIES.flatMap((proxy) => [
  { ...proxy, how: 'in peace', signal: new AbortController().signal, mostRepeated: 0 },
  // Nobody can tell whether it took what it had not answered.
  { ...proxy, how: 'cut off', signal: AbortSignal.abort(), mostRepeated: AT_ONCE },
]);

describe('a receiver that goes away and comes back behind a proxy', () => {
  it.for(LEAVES)('loses nothing: $how, $name, $transport', async (proxied, { skip }) => {
    const { program, start, transport, signal, mostRepeated } = proxied;
    const found = program();
    if ('reason' in found) return skip(found.reason);
    // Not those that the system gives to clients: a proxy that tries could be connected to itself.
    const [ownGrpcPort, ownHttpPort] = [await freePort(), await freePort()];
    const { receiver, ways } = await startEnds({ grpcPort: ownGrpcPort, httpPort: ownHttpPort });
    const exporter = await exporterTo(transport, await start(ways, certificates), RETRY);
    const receivers: TestReceiver[] = [receiver];
    const retries = () => exporter.settings.logs.filter(({ message }) => message.includes('repeated')).length;
    let isGone = false;
    const { acknowledged, refusals } = await sendUntil(exporter, async () => {
      if (receiver.kept.itemCount < 20) return false;
      if (!isGone) await receiver.stop(signal);
      isGone = true;
      if (retries() === 0) return false;
      if (receivers.length === 1) {
        const { grpcPort, httpPort } = receiver;
        receivers.push(await startReceiver('plain', certificates, { grpcPort, httpPort }));
        onTestFinished(() => receivers[1]?.stop());
      }
      return receivers[1]!.kept.itemCount > 20;
    });
    const came = receivers.flatMap((each) => numbersThatCame(each));
    const { lost, repeated } = lossesOf(acknowledged, came);
    expect({ refusals, lost, repeated: Math.max(0, repeated - mostRepeated) }).toEqual(NOTHING_LOST);
  });
});

const ASK_ANOTHER = {
  retry_on: 'connect-failure',
  num_retries: 10,
  host_selection_retry_max_attempts: 10,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
      },
    },
  ],
};

describe('one of two receivers that goes away behind a proxy', () => {
  const startPair = {
    nginx: (ways: readonly Way[], other: number) =>
      startNginx(ways, certificates, { upstream: `server 127.0.0.1:${other}; keepalive 8;` }),
    Envoy: (ways: readonly Way[], other: number) =>
      startEnvoy(ways, certificates, {
        otherPort: other,
        // Whom it does not reach it leaves, and asks the other; what it has sent it does not send again.
        route: { retry_policy: ASK_ANOTHER },
        cluster: { circuit_breakers: { thresholds: [{ max_retries: 1000 }] } },
      }),
  };

  it.for(PROXIES.filter(({ transport }) => transport === 'grpc'))(
    'finishes what it was given: $name',
    async ({ name, program }, { skip }) => {
      const found = program();
      if ('reason' in found) return skip(found.reason);
      const { receiver: leaving, ways } = await startEnds();
      const { receiver: staying } = await startEnds();
      const proxy = await startPair[name as keyof typeof startPair](ways.slice(0, 1), staying.grpcPort);
      const exporter = await exporterTo('grpc', proxy);
      let left: Promise<void> | undefined;
      const { acknowledged, refusals } = await sendUntil(exporter, async () => {
        if (leaving.kept.itemCount < 200) return false;
        left ??= leaving.stop(new AbortController().signal);
        await left;
        return staying.kept.itemCount > 500;
      });
      const came = [leaving, staying].flatMap((each) => numbersThatCame(each));
      expect({ refusals, ...lossesOf(acknowledged, came) }).toEqual(NOTHING_LOST);
    },
  );
});

/**
 * A Go Collector on both sides: what the OTLP exporters send it takes, and what it sends on the OTLP receiver takes;
 * over gRPC and HTTP, in clear text, with TLS and with mutual TLS, with every compression and encoding there that goes
 * in together with every one that goes out.
 */
import { type Batch, type CompressionType, compress, SIGNALS } from '@tributary/core';
import { otlpGrpcExporter, otlpHttpExporter } from '@tributary/exporter-otlp';
import { otlpReceiver } from '@tributary/receiver-otlp';
import {
  nopHost,
  numberedBatch,
  numbersOf,
  type Sink,
  signalConsumer,
  sink,
  testSettings,
} from '@tributary/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Certificates,
  clientTls,
  makeCertificates,
  SECURITIES,
  type Security,
  serverTls,
  WRONG_CLIENTS,
  type WrongClient,
} from './certificates.ts';
import { collectorProgram, freePorts, startCollector } from './collector.ts';
import { contentOf, everything, type Form, json, proto, type Transport } from './requests.ts';
import type { Found } from './toolchains.ts';

/** All that the Collector has. */
const FORMS: Readonly<Record<Transport, readonly Form[]>> = {
  grpc: ['none', 'gzip', 'zstd', 'snappy'].map(proto),
  http: [
    ...['none', 'gzip', 'zstd', 'zlib', 'deflate', 'snappy', 'x-snappy-framed', 'lz4'].map(proto),
    ...['none', 'gzip', 'zstd'].map(json),
  ],
};
const WAYS = (['grpc', 'http'] as const).flatMap((transport) =>
  SECURITIES.map((security) => ({ transport, security })),
);
/** By this the Collector tells how a request came to it. */
const CAME_COMPRESSED = 'collector.content_encoding';
/** Several windows of HTTP/2 long, and several blocks of LZ4 and Snappy. */
const LARGE = Array.from({ length: 2000 }, (_, index) => index);

/** Whoever was writing when the connection ended may say no more than that. */
const GONE =
  'EOF|connection reset|broken pipe|ECONNRESET|EPIPE|server closed idle connection|use of closed network connection';

/**
 * What Go says of a server here that refuses it, and what is said here of one of Go's. Node ends the connection of a
 * client of a strange authority without a word; the log here says why.
 */
const REFUSALS: Readonly<Record<WrongClient, { readonly go: RegExp; readonly here: RegExp }>> = {
  'no certificate': {
    go: new RegExp(`tls: certificate required|${GONE}`),
    here: new RegExp(`the server wants a certificate of its clients|${GONE}`),
  },
  'a strange certificate': {
    go: new RegExp(GONE),
    here: new RegExp(`the server does not trust the authority|${GONE}`),
  },
  'trust in a stranger': {
    go: /signed by unknown authority/,
    here: /of an authority that is not trusted here/,
  },
};

let certificates: Certificates;
let kept: Sink;
let ports: Readonly<Record<string, number>> = {};
const program: Found<string> = collectorProgram();
const stops: (() => Promise<void> | undefined)[] = [];

beforeAll(async () => {
  if ('reason' in program) return;
  certificates = makeCertificates();
  kept = sink();
  const endpoints: Record<string, string> = {};
  for (const security of SECURITIES) Object.assign(endpoints, await startReceiver(security));
  const names = [...WAYS.map(wayName), ...WRONG_WAYS.map(wrongName)];
  const free = await freePorts(names.length);
  ports = Object.fromEntries(names.map((name, index) => [name, free[index]!]));
  stops.push(await startCollector(program.found, collectorConfig(endpoints)));
});

afterAll(async () => {
  for (const stop of stops) await stop();
  certificates?.remove();
});

const wayName = ({ transport, security }: (typeof WAYS)[number]): string => `${transport}-${security}`;
const formName = ({ encoding, compression }: Form): string => `${encoding}-${compression}`;
const WRONG_WAYS = (['grpc', 'http'] as const).flatMap((transport) =>
  WRONG_CLIENTS.map((client) => ({ transport, client })),
);
const wrongName = ({ transport, client }: (typeof WRONG_WAYS)[number]): string =>
  `${transport}-${client.replaceAll(' ', '-')}`;

/** Starts a receiver; gives the endpoints of both transports. */
async function startReceiver(security: Security): Promise<Record<string, string>> {
  const settings = testSettings({ kind: 'receiver', id: 'otlp' });
  const block = { endpoint: '127.0.0.1:0', include_metadata: true, ...serverTls(certificates, security) };
  const config = otlpReceiver.configSchema.parse({ protocols: { grpc: block, http: block } });
  const receiver = otlpReceiver.create(settings, config, signalConsumer(kept));
  await receiver.start?.(nopHost());
  stops.push(async () => receiver.shutdown?.(AbortSignal.abort()));
  const listening = settings.logs.filter(({ message }) => message === 'listening');
  return Object.fromEntries(
    listening.map(({ fields }) => [`${fields['protocol']}/${security}`, String(fields['endpoint'])]),
  );
}

/** For each way a receiver, and an exporter in each form to the receiver here; what goes wrong is told at once. */
function collectorConfig(endpoints: Readonly<Record<string, string>>): object {
  const receivers: Record<string, object> = {};
  const exporters: Record<string, object> = {};
  const pipelines: Record<string, object> = {};
  const exporterTo = (transport: Transport, security: Security, form: Form, wrong?: WrongClient): object => {
    const endpoint = endpoints[`${transport}/${security}`] ?? '';
    return {
      endpoint: transport === 'grpc' ? endpoint : `${security === 'plain' ? 'http' : 'https'}://${endpoint}`,
      compression: form.compression,
      ...(transport === 'http' ? { encoding: form.encoding } : {}),
      headers: { form: formName(form) },
      timeout: '60s',
      ...clientTls(certificates, security, wrong),
      sending_queue: { enabled: false },
      retry_on_failure: { enabled: false },
    };
  };
  const add = (name: string, transport: Transport, security: Security, targets: Record<string, object>) => {
    const block = {
      endpoint: `127.0.0.1:${ports[name]}`,
      include_metadata: true,
      ...serverTls(certificates, security),
    };
    receivers[`otlp/${name}`] = { protocols: { [transport]: block } };
    Object.assign(exporters, targets);
    for (const signal of SIGNALS) {
      pipelines[`${signal}/${name}`] = {
        receivers: [`otlp/${name}`],
        processors: ['resource'],
        exporters: Object.keys(targets),
      };
    }
  };
  for (const { transport, security } of WAYS) {
    const name = wayName({ transport, security });
    const targets = FORMS[transport].map((form) => [
      `otlp_${transport}/${name}-${formName(form)}`,
      exporterTo(transport, security, form),
    ]);
    add(name, transport, security, Object.fromEntries(targets));
  }
  for (const { transport, client } of WRONG_WAYS) {
    const name = wrongName({ transport, client });
    const exporter = exporterTo(transport, 'mtls', proto('none'), client);
    add(name, transport, 'plain', { [`otlp_${transport}/${name}`]: exporter });
  }
  const came = { key: CAME_COMPRESSED, from_context: 'metadata.content-encoding', action: 'insert' };
  return {
    receivers,
    processors: { resource: { attributes: [came] } },
    exporters,
    service: { telemetry: { metrics: { level: 'none' }, logs: { level: 'info' } }, pipelines },
  };
}

/** Sends batches to the Collector, each until it says that it has sent them on. */
async function send(
  { transport, security }: { readonly transport: Transport; readonly security: Security },
  port: number,
  form: Form,
  batches: readonly Batch[],
  wrong?: WrongClient,
): Promise<void> {
  const factory = transport === 'grpc' ? otlpGrpcExporter : otlpHttpExporter;
  const config = factory.configSchema.parse({
    endpoint: `${security === 'plain' ? 'http' : 'https'}://localhost:${port}`,
    compression: form.compression,
    ...(transport === 'http' ? { encoding: form.encoding } : {}),
    timeout: '60s',
    ...clientTls(certificates, security, wrong),
    sending_queue: { enabled: false },
    retry_on_failure: { enabled: false },
  });
  const exporter = factory.create(testSettings({ kind: 'exporter', id: factory.type }), config as never);
  await exporter.start?.(nopHost());
  try {
    for (const batch of batches) await exporter.consume(batch);
  } finally {
    await exporter.shutdown?.();
  }
}

/** How the request came to the Collector, by what that has added to the resource; taken off. */
function takeCameCompressed(batch: Batch): string {
  const found = batch.resources().map(({ resource: { attributes } }) => {
    const value = attributes.getString(CAME_COMPRESSED) ?? 'none';
    attributes.delete(CAME_COMPRESSED);
    return value;
  });
  return found.join();
}

/** What the receiver was told of the form of a request, and what the sender had to say of it. */
function formOf(batch: Batch): unknown {
  const { transport, metadata } = batch.meta;
  const header = (name: string) => metadata?.get(name)?.join();
  return {
    transport,
    form: header('form'),
    compression: transport === 'grpc' ? keptCompression(batch) : (header('content-encoding') ?? 'none'),
    type: header('content-type'),
  };
}

/**
 * How a large request came over gRPC, which keeps that to itself: of what came compressed the form is kept, so that
 * compressing it in that way gives the same array again.
 */
function keptCompression(batch: Batch): string | undefined {
  if (!isLarge(batch)) return undefined;
  const bytes = [batch.toBytes()];
  const gives = (type: CompressionType) => {
    const once = compress(type, undefined, bytes);
    return once === compress(type, undefined, bytes);
  };
  const found = (['gzip', 'zstd', 'x-snappy-framed'] as const).find(gives) ?? 'none';
  return found === 'x-snappy-framed' ? 'snappy' : found;
}

function isLarge({ itemCount }: Batch): boolean {
  return itemCount === LARGE.length;
}

describe.each(WAYS)('over $transport, $security', (way) => {
  const forms = FORMS[way.transport];
  const isHttp = way.transport === 'http';
  const typeOf = ({ encoding }: Form) => `application/${encoding === 'json' ? 'json' : 'x-protobuf'}`;

  it.for(forms)(
    'data goes through a Go Collector and back, $encoding $compression first',
    async (form, { skip }) => {
      if ('reason' in program) return skip(program.reason);
      kept.clear();
      const large = way.security === 'tls' ? [] : [numberedBatch('logs', LARGE)];
      const batches = [...SIGNALS.map(everything), ...large];
      await send(way, ports[wayName(way)] ?? 0, form, batches);
      const contents = (batch: Batch) => (isLarge(batch) ? numbersOf(batch) : contentOf(batch));
      const expected = batches.map((batch) =>
        forms.map((out) => ({
          came: isHttp ? form.compression : 'none',
          how: {
            transport: way.transport,
            form: formName(out),
            compression: isHttp || isLarge(batch) ? out.compression : undefined,
            type: isHttp ? typeOf(out) : undefined,
          },
          content: contents(batch),
        })),
      );
      const came = kept.batches.map((batch) => ({
        // Before anything is changed: only then the form is kept.
        how: formOf(batch),
        came: takeCameCompressed(batch),
        content: contents(batch),
      }));
      const byForm = ({ how }: { readonly how: unknown }, { how: other }: { readonly how: unknown }) =>
        JSON.stringify(how).localeCompare(JSON.stringify(other));
      const found = batches.map((_, index) =>
        came.slice(index * forms.length, (index + 1) * forms.length).sort(byForm),
      );
      expect(found).toEqual(expected.map((each) => each.sort(byForm)));
      expect(came.length).toBe(batches.length * forms.length);
    },
  );
});

describe.each(WRONG_WAYS)(
  'over $transport with mutual TLS, a client with $client',
  ({ transport, client }) => {
    const batches = [numberedBatch('logs', [1])];

    it('is refused here, if it is a Go Collector', async ({ skip }) => {
      if ('reason' in program) return skip(program.reason);
      kept.clear();
      const port = ports[wrongName({ transport, client })] ?? 0;
      await expect(
        send({ transport, security: 'plain' }, port, proto('none'), batches),
      ).rejects.toMatchObject({
        name: 'RetryableError',
        message: expect.stringMatching(REFUSALS[client].go),
      });
      expect(kept.batches).toEqual([]);
    });

    it('is refused by a Go Collector', async ({ skip }) => {
      if ('reason' in program) return skip(program.reason);
      const port = ports[wayName({ transport, security: 'mtls' })] ?? 0;
      const sending = send({ transport, security: 'mtls' }, port, proto('none'), batches, client);
      await expect(sending).rejects.toMatchObject({
        name: 'RetryableError',
        message: expect.stringMatching(REFUSALS[client].here),
      });
      expect(kept.batches).toEqual([]);
    });
  },
);

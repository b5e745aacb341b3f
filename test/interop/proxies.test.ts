/**
 * A real nginx and a real Envoy stand between: exporters and official clients before them, the receiver and official
 * servers behind, over gRPC and HTTP/1.1, in clear text, with TLS and with mutual TLS on both sides.
 */
import { randomBytes } from 'node:crypto';
import { type Batch, SIGNALS } from '@tributary/core';
import { batchJson, jsonBatch, numberedBatch, numbersOf } from '@tributary/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Certificates, makeCertificates, SECURITIES, type Security } from './certificates.ts';
import { arrivedOf, type Case, type Ids, sent } from './content.ts';
import { sendFromJavaScript } from './javascript/send.ts';
import { range, startExporter, startReceiver, type TestReceiver } from './proxies/ends.ts';
import { startEnvoy } from './proxies/envoy.ts';
import { nginxProgram, startNginx } from './proxies/nginx.ts';
import { serveOfficially } from './proxies/official-server.ts';
import { postChunked, postHttp2 } from './proxies/post.ts';
import type { RunningProxy, Way } from './proxies/way.ts';
import { BUILD_TIMEOUT_MS, envoyProgram } from './toolchains.ts';

/** nginx hands bodies on as they come. Over HTTP it speaks 1.1 to who is behind. */
const startUnbuffered = (ways: readonly Way[], files: Certificates) =>
  startNginx(ways, files, { server: 'proxy_request_buffering off;' });

const NARROW = {
  max_concurrent_streams: 3,
  initial_stream_window_size: 65_535,
  initial_connection_window_size: 65_535,
};

const PROXIES = [
  {
    name: 'nginx',
    program: nginxProgram,
    start: startUnbuffered,
    startNarrow: (ways: readonly Way[], files: Certificates) =>
      startNginx(ways, files, { http: 'http2_max_concurrent_streams 3;' }),
  },
  {
    name: 'Envoy',
    program: envoyProgram,
    start: startEnvoy,
    startNarrow: (ways: readonly Way[], files: Certificates) =>
      startEnvoy(ways, files, { manager: { http2_protocol_options: NARROW } }),
  },
];
const TRANSPORTS = ['grpc', 'http'] as const;
const COMPRESSIONS = ['none', 'gzip', 'zstd'];
const AT_ONCE = 100;
/** Some 3 MB, and 2.2 MB compressed: far more than the windows that HTTP/2 begins with. */
const large = jsonBatch({
  resourceLogs: [
    {
      scopeLogs: [
        {
          logRecords: range(0, 150).map(() => ({
            body: { stringValue: randomBytes(15_000).toString('base64') },
          })),
        },
      ],
    },
  ],
});
const small = range(0, AT_ONCE).map((number) => numberedBatch('traces', [number]));

const bytesOf = (batch: Batch): Buffer => Buffer.concat(batch.toChunks());

let certificates: Certificates;
const receivers: Partial<Record<Security, TestReceiver>> = {};
const ways: Way[] = [];

beforeAll(async () => {
  certificates = makeCertificates();
  for (const security of SECURITIES) {
    const receiver = await startReceiver(security, certificates);
    receivers[security] = receiver;
    ways.push(
      { name: `grpc/${security}`, speech: 'h2', security, upstreamPort: receiver.grpcPort },
      { name: `http2/${security}`, speech: 'h2-to-h1', security, upstreamPort: receiver.httpPort },
      { name: `http/${security}`, speech: 'h1', security, upstreamPort: receiver.httpPort },
    );
  }
});

afterAll(async () => {
  for (const receiver of Object.values(receivers)) await receiver.stop();
  certificates.remove();
});

describe.each(PROXIES)('$name', ({ program, start }) => {
  let proxy: RunningProxy | undefined;
  let reason: string | undefined;

  beforeAll(async () => {
    const found = program();
    if ('reason' in found) reason = found.reason;
    else proxy = await start(ways, certificates);
  }, BUILD_TIMEOUT_MS);

  afterAll(() => proxy?.stop());

  const cases = TRANSPORTS.flatMap((transport) =>
    SECURITIES.map((security) => [transport, security] as const),
  );

  it.for(cases)(
    'carries %s, %s: large, compressed, many at once',
    async ([transport, security], { skip }) => {
      if (proxy === undefined) return skip(reason);
      const { kept } = receivers[security]!;
      // What secures a connection does not see what is compressed.
      for (const compression of security === 'plain' ? COMPRESSIONS : ['zstd']) {
        kept.clear();
        const port = proxy.ports[`${transport}/${security}`]!;
        const exporter = await startExporter(transport, security, port, certificates, { compression });
        for (const signal of SIGNALS) await exporter.consume(numberedBatch(signal, [1, 2, 3]));
        await exporter.consume(large);
        expect([compression, kept.batches.map(({ signal, itemCount }) => [signal, itemCount])]).toEqual([
          compression,
          [...SIGNALS.map((signal) => [signal, 3]), ['logs', large.itemCount]],
        ]);
        expect(bytesOf(kept.batches.at(-1)!).equals(bytesOf(large))).toBe(true);
        kept.clear();
        await Promise.all(small.map((batch) => exporter.consume(batch)));
        expect(kept.batches.flatMap(numbersOf).sort((a, b) => a - b)).toEqual(range(0, AT_ONCE));
        await exporter.shutdown?.();
      }
    },
  );

  it('carries what the official SDK for JavaScript sends', async ({ skip }) => {
    if (proxy === undefined) return skip(reason);
    const all: Case[] = cases.flatMap(([transport, security]) =>
      ['none', 'gzip'].map((compression) => ({
        name: `${transport} ${security} ${compression}`,
        transport,
        endpoint: `localhost:${proxy!.ports[`${transport}/${security}`]}`,
        compression,
        ...(security === 'plain' ? {} : { ca: certificates.ca }),
        ...(security === 'mtls' ? certificates.client : {}),
      })),
    );
    for (const { kept } of Object.values(receivers)) kept.clear();
    const ids = await sendFromJavaScript(all);
    const batches = Object.values(receivers).flatMap(({ kept }) => kept.batches);
    const arrived = arrivedOf(
      batches.map((batch) => ({ transport: batch.meta.transport, json: batchJson(batch) })),
    );
    expect(arrived).toEqual(
      Object.fromEntries(all.map(({ name, transport }, index) => [name, sent(transport, ids[index] as Ids)])),
    );
  });

  it.for([
    ['in chunks over HTTP/1.1', postChunked, 'http/plain'],
    ['over HTTP/2, with HTTP/1.1 behind', postHttp2, 'http2/plain'],
  ] as const)('carries a body %s', async ([, post, way], { skip }) => {
    if (proxy === undefined) return skip(reason);
    const { kept } = receivers.plain!;
    kept.clear();
    const answers = [];
    for (const batch of [small[0]!, large]) {
      const { status, body } = await post(proxy.ports[way]!, `/v1/${batch.signal}`, bytesOf(batch));
      answers.push([status, body.length]);
    }
    expect(answers).toEqual([
      [200, 0],
      [200, 0],
    ]);
    expect(
      kept.batches.map(bytesOf).map((bytes, index) => bytes.equals(bytesOf([small[0]!, large][index]!))),
    ).toEqual([true, true]);
  });
});

it('nginx speaks HTTP/1.0 to who is behind, as its default was up to 1.29', async ({ skip }) => {
  const found = nginxProgram();
  if ('reason' in found) return skip(found.reason);
  const { httpPort, kept } = receivers.plain!;
  const way: Way = { name: 'http', speech: 'h1-to-h1.0', security: 'plain', upstreamPort: httpPort };
  const nginx = await startNginx([way], certificates);
  onTestFinished(() => nginx.stop());
  kept.clear();
  for (const compression of COMPRESSIONS) {
    const exporter = await startExporter('http', 'plain', nginx.ports['http']!, certificates, {
      compression,
    });
    await exporter.consume(large);
    await exporter.shutdown?.();
  }
  expect(kept.batches.map((batch) => bytesOf(batch).equals(bytesOf(large)))).toEqual([true, true, true]);
});

it.for(PROXIES)(
  'the limits of $name are obeyed: few calls at once, small windows',
  async (proxied, { skip }) => {
    const found = proxied.program();
    if ('reason' in found) return skip(found.reason);
    const { grpcPort, kept } = receivers.plain!;
    const way: Way = { name: 'grpc', speech: 'h2', security: 'plain', upstreamPort: grpcPort };
    const proxy = await proxied.startNarrow([way], certificates);
    onTestFinished(() => proxy.stop());
    kept.clear();
    const exporter = await startExporter('grpc', 'plain', proxy.ports['grpc']!, certificates);
    onTestFinished(() => exporter.shutdown?.());
    await Promise.all([large, ...small].map((batch) => exporter.consume(batch)));
    expect(kept.batches.flatMap(numbersOf).sort((a, b) => a - b)).toEqual(range(0, AT_ONCE));
    const whole = kept.batches.filter(({ signal }) => signal === 'logs');
    expect(whole.map((batch) => bytesOf(batch).equals(bytesOf(large)))).toEqual([true]);
  },
);

it.for(PROXIES)('an official server of gRPC takes what comes through $name', async (proxied, { skip }) => {
  const found = proxied.program();
  if ('reason' in found) return skip(found.reason);
  const { port, taken } = await serveOfficially();
  const way: Way = { name: 'grpc', speech: 'h2', security: 'plain', upstreamPort: port };
  const proxy = await proxied.start([way], certificates);
  onTestFinished(() => proxy.stop());
  for (const compression of ['none', 'gzip']) {
    const exporter = await startExporter('grpc', 'plain', proxy.ports['grpc']!, certificates, {
      compression,
    });
    for (const batch of [small[0]!, large]) await exporter.consume(batch);
    await exporter.shutdown?.();
  }
  const expected = [small[0]!, large, small[0]!, large].map(bytesOf);
  expect(taken.map((bytes, index) => bytes.equals(expected[index]!))).toEqual([true, true, true, true]);
});

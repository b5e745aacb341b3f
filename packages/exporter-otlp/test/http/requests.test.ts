import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Batch, type CompressionType, decompress, SIGNALS, type Signal } from '@tributary/core';
import { batchJson, numberedBatch } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type Backend, startBackend, startExporter } from './backend.ts';

const MIB = 1024 * 1024;
const open: { close(): Promise<void> }[] = [];

async function backendAndExporter(block: Record<string, unknown> = {}): Promise<{
  readonly backend: Backend;
  readonly exporter: Awaited<ReturnType<typeof startExporter>>['exporter'];
}> {
  const backend = await startBackend();
  const { exporter } = await startExporter({ endpoint: backend.url, ...block });
  open.push({ close: async () => exporter.shutdown?.() }, backend);
  return { backend, exporter };
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('a request of otlp_http', () => {
  it.each(SIGNALS)('carries %s to their path, whole and named', async (signal) => {
    const { backend, exporter } = await backendAndExporter({ headers: { 'X-Api-Key': 'secret' } });
    const batch = numberedBatch(signal, [1, 2, 3]);
    await exporter.consume(batch);
    const [request] = backend.requests;
    expect(request?.path).toBe(`/v1/${signal}`);
    expect(request?.headers).toEqual({
      host: backend.url.replace('http://', ''),
      'user-agent': `Tributary/1.2.3 (${process.platform}/${process.arch})`,
      'x-api-key': 'secret',
      'content-type': 'application/x-protobuf',
      'content-length': String(batch.byteLength),
      connection: 'keep-alive',
    });
    expect(request?.body).toEqual(Buffer.from(batch.toBytes()));
  });

  it('is OTLP/JSON where the encoding says so', async () => {
    const { backend, exporter } = await backendAndExporter({ encoding: 'json' });
    const batch = numberedBatch('traces', [1]);
    await exporter.consume(batch);
    expect(backend.requests[0]?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(String(backend.requests[0]?.body))).toEqual(batchJson(batch));
  });

  it.each<[CompressionType, number]>([
    ['gzip', 9],
    ['zstd', 3],
    ['zlib', 1],
    ['deflate', -1],
    ['snappy', 0],
    ['x-snappy-framed', 0],
    ['lz4', 0],
  ])('is compressed with %s', async (compression, level) => {
    const { backend, exporter } = await backendAndExporter({ compression, compression_params: { level } });
    const small = numberedBatch('logs', [1, 2, 3]);
    // Large enough for the pool of threads.
    const large = numberedBatch(
      'logs',
      Array.from({ length: 6000 }, (_, index) => index),
    );
    for (const [index, batch] of [small, large].entries()) {
      await exporter.consume(batch);
      const request = backend.requests[index];
      expect(request?.headers['content-encoding']).toBe(compression);
      expect(request?.body.length).toBeLessThan(batch.byteLength);
      const bytes = await decompress(compression, request?.body ?? Buffer.alloc(0), 64 * 1024 * 1024);
      expect(Buffer.from(bytes).equals(batch.toBytes())).toBe(true);
    }
  });

  it('is compressed with gzip unless told otherwise', async () => {
    const { backend, exporter } = await backendAndExporter({ compression: undefined });
    await exporter.consume(numberedBatch('logs', [1]));
    expect(backend.requests[0]?.headers['content-encoding']).toBe('gzip');
  });

  it.each<['gzip' | 'zstd', Record<string, unknown>, number]>([
    ['gzip', {}, 2],
    ['gzip', { concatenate: false }, 1],
    ['zstd', {}, 1],
    ['zstd', { concatenate: true }, 2],
  ])(
    'put together of two that came as %s is, with %j, so many parts: %d',
    async (compression, params, parts) => {
      const { backend, exporter } = await backendAndExporter({ compression, compression_params: params });
      const numbers = Array.from({ length: 200 }, (_, index) => index);
      const bytes = numberedBatch('logs', numbers).toBytes();
      const came = compression === 'gzip' ? gzipSync(bytes, { level: 1 }) : zstdCompressSync(bytes);
      const batch = Batch.decode('logs', await decompress(compression, came, MIB));
      await exporter.consume(Batch.merge([batch, batch]));
      const body = backend.requests[0]?.body ?? Buffer.alloc(0);
      expect(body.equals(Buffer.concat([came, came]))).toBe(parts === 2);
      const content = await decompress(compression, body, MIB);
      expect(Buffer.from(content).equals(Buffer.concat([bytes, bytes]))).toBe(true);
    },
  );

  it('carries edits in pieces', async () => {
    const { backend, exporter } = await backendAndExporter();
    const batch = numberedBatch(
      'logs',
      Array.from({ length: 500 }, (_, index) => index),
    );
    for (const group of batch.resources()) group.resource.attributes.set('added', 'x'.repeat(100_000));
    expect(batch.toChunks().length).toBeGreaterThan(1);
    await exporter.consume(batch);
    expect(backend.requests[0]?.body.equals(batch.toBytes())).toBe(true);
  });

  it.each<[Record<string, string>, Partial<Record<Signal, string>>]>([
    [{ endpoint: '/base/' }, { traces: '/base/v1/traces', logs: '/base/v1/logs' }],
    [
      { endpoint: '/base', traces_endpoint: '/own?x=1' },
      { traces: '/own?x=1', logs: '/base/v1/logs' },
    ],
    [
      { endpoint: '/', metrics_endpoint: '/m', logs_endpoint: '/l' },
      { metrics: '/m', logs: '/l' },
    ],
  ])('goes to the address that %j makes', async (endpoints, paths) => {
    const backend = await startBackend();
    const absolute = Object.entries(endpoints).map(([key, path]) => [key, backend.url + path]);
    const { exporter } = await startExporter(Object.fromEntries(absolute));
    open.push({ close: async () => exporter.shutdown?.() }, backend);
    for (const signal of Object.keys(paths) as Signal[]) await exporter.consume(numberedBatch(signal, [1]));
    expect(backend.requests.map(({ path }) => path)).toEqual(Object.values(paths));
  });

  it('is refused for good where its signal has no address', async () => {
    const backend = await startBackend();
    const { exporter } = await startExporter({ traces_endpoint: backend.url });
    open.push({ close: async () => exporter.shutdown?.() }, backend);
    expect(() => exporter.consume(numberedBatch('logs', [1]))).toThrow(
      'otlp_http: there is no address for logs. Set "endpoint" or "logs_endpoint".',
    );
  });

  it('carries the credentials of a URL as basic authentication, and lets headers replace them', async () => {
    const backend = await startBackend();
    const endpoint = backend.url.replace('http://', 'http://us%40er:pass@');
    for (const headers of [{}, { authorization: 'Bearer t', host: 'example.test' }]) {
      const { exporter } = await startExporter({ endpoint, headers });
      open.push({ close: async () => exporter.shutdown?.() });
      await exporter.consume(numberedBatch('logs', [1]));
    }
    open.push(backend);
    expect(backend.requests.map(({ headers }) => [headers.authorization, headers.host])).toEqual([
      [`Basic ${Buffer.from('us@er:pass').toString('base64')}`, backend.url.replace('http://', '')],
      ['Bearer t', 'example.test'],
    ]);
  });
});

describe('the connections of otlp_http', () => {
  it('are used again', async () => {
    const { backend, exporter } = await backendAndExporter();
    for (let number = 0; number < 5; number += 1) await exporter.consume(numberedBatch('logs', [number]));
    expect([backend.requests.length, backend.connections]).toEqual([5, 1]);
  });

  it('are as many as requests at once, and no more than max_conns_per_host', async () => {
    const consumeAll = async ({
      exporter,
    }: {
      exporter: { consume(batch: never): unknown };
    }): Promise<void> => {
      const batches = [1, 2, 3, 4].map((number) => numberedBatch('logs', [number]) as never);
      await Promise.all(batches.map((batch) => exporter.consume(batch)));
    };
    const free = await backendAndExporter();
    await consumeAll(free);
    const limited = await backendAndExporter({ max_conns_per_host: 2 });
    await consumeAll(limited);
    expect([free.backend.connections, limited.backend.connections]).toEqual([4, 2]);
    expect(limited.backend.requests.length).toBe(4);
  });

  it('are closed after each request with disable_keep_alives', async () => {
    const { backend, exporter } = await backendAndExporter({ disable_keep_alives: true });
    for (let number = 0; number < 3; number += 1) await exporter.consume(numberedBatch('logs', [number]));
    expect([backend.connections, backend.requests[0]?.headers.connection]).toEqual([3, 'close']);
  });
});

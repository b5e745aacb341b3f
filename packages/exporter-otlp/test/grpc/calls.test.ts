import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  Batch,
  type CompressionType,
  decompress,
  ServerTls,
  SIGNALS,
  tlsServerSchema,
} from '@tributary/core';
import { captureLogger, numberedBatch, TestAuthority } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { accept, startBackend, startExporter, startHttp2 } from './backend.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function backendAndExporter(block: Record<string, unknown> = {}) {
  const backend = await startBackend();
  const { exporter, settings } = await startExporter({ endpoint: backend.endpoint, ...block });
  open.push(
    () => exporter.shutdown?.(),
    () => backend.close(),
  );
  return { backend, exporter, settings };
}

describe('a call of otlp_grpc', () => {
  it.each(SIGNALS)('carries %s to their service, whole', async (signal) => {
    const { backend, exporter, settings } = await backendAndExporter();
    const batch = numberedBatch(signal, [1, 2, 3]);
    await exporter.consume(batch);
    expect(backend.calls.map((call) => [call.signal, Buffer.from(call.message)])).toEqual([
      [signal, Buffer.from(batch.toBytes())],
    ]);
    expect(Object.values(settings.registry.snapshot())).toEqual([3]);
  });

  it.each<[string, CompressionType | undefined, number]>([
    ['gzip', 'gzip', 9],
    ['zstd', 'zstd', 3],
    ['snappy', 'x-snappy-framed', 0],
    ['deflate', 'deflate', 9],
    ['none', undefined, 0],
    ['', undefined, 0],
  ])('is compressed as "%s" says', async (compression, type, level) => {
    const seen: unknown[] = [];
    const backend = await startHttp2((stream, headers, body) => {
      const message = body.subarray(5);
      seen.push([
        headers['grpc-encoding'],
        body[0],
        type === undefined ? message : decompress(type, message, 64 * 1024 * 1024),
      ]);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.alloc(5));
    });
    const { exporter } = await startExporter({
      endpoint: backend.endpoint,
      compression,
      compression_params: { level },
    });
    open.push(
      () => exporter.shutdown?.(),
      () => backend.close(),
    );
    const small = numberedBatch('logs', [1, 2, 3]);
    // Large enough for the pool of threads.
    const large = numberedBatch(
      'logs',
      Array.from({ length: 6000 }, (_, index) => index),
    );
    for (const batch of [small, large]) await exporter.consume(batch);
    const expected = [small, large].map((batch) => [
      type === undefined ? undefined : compression,
      type === undefined ? 0 : 1,
      Buffer.from(batch.toBytes()),
    ]);
    expect(await Promise.all(seen.map((one) => Promise.all(one as unknown[])))).toEqual(expected);
  });

  it.each(['gzip', 'zstd'] as const)(
    'put together of two that came as %s is one part unless told otherwise',
    async (compression) => {
      const numbers = Array.from({ length: 200 }, (_, index) => index);
      const bytes = numberedBatch('logs', numbers).toBytes();
      const came = compression === 'gzip' ? gzipSync(bytes, { level: 1 }) : zstdCompressSync(bytes);
      const batch = Batch.decode('logs', await decompress(compression, came, 1024 * 1024));
      const messages: Buffer[] = [];
      const backend = await startHttp2((stream, _headers, body) => {
        messages.push(body.subarray(5));
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.alloc(5));
      });
      open.push(() => backend.close());
      for (const params of [{}, { concatenate: true }]) {
        const { exporter } = await startExporter({
          endpoint: backend.endpoint,
          compression,
          compression_params: params,
        });
        open.push(() => exporter.shutdown?.());
        await exporter.consume(Batch.merge([batch, batch]));
      }
      const twice = Buffer.concat([came, came]);
      expect(messages.map((message) => message.equals(twice))).toEqual([false, true]);
      const decode = compression === 'gzip' ? gunzipSync : zstdDecompressSync;
      expect(decode(messages[0]!).equals(Buffer.concat([bytes, bytes]))).toBe(true);
    },
  );

  it('is compressed with gzip unless told otherwise, and understood', async () => {
    const { backend, exporter } = await backendAndExporter({ compression: undefined });
    const batch = numberedBatch('traces', [1, 2]);
    await exporter.consume(batch);
    expect(backend.calls.map(({ message }) => Buffer.from(message))).toEqual([Buffer.from(batch.toBytes())]);
  });

  it.each([
    ['5s', '5000m'],
    ['0s', undefined],
  ])('says that it may take %s', async (timeout, announced) => {
    let seen: unknown;
    const backend = await startHttp2((stream, headers) => {
      seen = headers['grpc-timeout'];
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.alloc(5));
    });
    const { exporter } = await startExporter({ endpoint: backend.endpoint, timeout });
    open.push(
      () => exporter.shutdown?.(),
      () => backend.close(),
    );
    await exporter.consume(numberedBatch('logs', [1]));
    expect(seen).toBe(announced);
  });

  it('carries headers, and says who calls', async () => {
    const { backend, exporter } = await backendAndExporter({ headers: { 'X-Api-Key': 'secret' } });
    await exporter.consume(numberedBatch('logs', [1]));
    const metadata = backend.calls[0]?.metadata;
    expect(metadata?.get('x-api-key')).toEqual(['secret']);
    expect(metadata?.get('user-agent')?.[0]).toMatch(/^Tributary\/1\.2\.3 \(.*\) grpc-tributary\/1$/);
  });

  it.each(['http://', 'dns:///'])('goes to an endpoint that begins with %s', async (scheme) => {
    const backend = await startBackend();
    const tls = scheme === 'http://' ? {} : { insecure: true };
    const { exporter } = await startExporter({ endpoint: scheme + backend.endpoint, tls });
    open.push(
      () => exporter.shutdown?.(),
      () => backend.close(),
    );
    await exporter.consume(numberedBatch('logs', [1]));
    expect(backend.calls.length).toBe(1);
  });
});

it('an endpoint that is no address keeps otlp_grpc from starting', async () => {
  await expect(startExporter({ endpoint: 'dns:///host:1:2' })).rejects.toMatchObject({
    code: 'COMPONENT_START',
    message:
      'exporters::otlp_grpc::endpoint: cannot be called ("host:1:2" is not host:port). Write "host:port", or a URL.',
  });
});

describe('TLS of otlp_grpc', () => {
  const authority = new TestAuthority();
  const { cert, key } = authority.issue('server');

  async function secureBackend(block: Record<string, unknown> = {}) {
    const config = tlsServerSchema.parse({ cert_pem: cert, key_pem: key, ...block });
    const tls = new ServerTls(config, { where: 'test', configDir: '/', logger: captureLogger().logger });
    const backend = await startBackend(accept, tls);
    open.push(
      () => tls.close(),
      () => backend.close(),
    );
    return backend;
  }

  async function consumeWith(endpoint: string, tls: Record<string, unknown>): Promise<unknown> {
    const { exporter } = await startExporter({ endpoint, tls });
    open.unshift(() => exporter.shutdown?.());
    try {
      await exporter.consume(numberedBatch('logs', [1]));
      return 'accepted';
    } catch (error) {
      return error;
    }
  }

  it('is spoken unless "insecure: true" is set', async () => {
    const backend = await secureBackend();
    expect(await consumeWith(backend.endpoint, { ca_pem: authority.cert })).toBe('accepted');
  });

  it('is spoken with https:// even if "insecure: true" is set', async () => {
    const backend = await secureBackend();
    expect(
      await consumeWith(`https://${backend.endpoint}`, { insecure: true, insecure_skip_verify: true }),
    ).toBe('accepted');
  });

  it('is tried again later with a backend that is not trusted: nothing was sent', async () => {
    const backend = await secureBackend();
    expect(await consumeWith(backend.endpoint, { ca_pem: new TestAuthority('Other').cert })).toMatchObject({
      name: 'RetryableError',
      status: 14,
    });
    expect(backend.calls.length).toBe(0);
  });

  it('checks the name that server_name_override gives', async () => {
    const other = authority.issue('other', { hosts: ['other.test'] });
    const backend = await secureBackend({ cert_pem: other.cert, key_pem: other.key });
    const tls = { ca_pem: authority.cert };
    expect(await consumeWith(backend.endpoint, tls)).toMatchObject({ name: 'RetryableError' });
    expect(await consumeWith(backend.endpoint, { ...tls, server_name_override: 'other.test' })).toBe(
      'accepted',
    );
  });
});

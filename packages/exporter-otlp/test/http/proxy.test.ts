import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { numberedBatch, TestAuthority } from '@tributary/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { createBackend } from '../../src/http/backend.ts';
import { ProxiedBackend } from '../../src/http/proxied-backend.ts';
import { targetOf } from '../../src/http/target.ts';
import { otlpHttpExporter } from '../../src/index.ts';
import { accept, startBackend, startExporter } from './backend.ts';

const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A proxy that passes on requests and tunnels; what it was asked for, and by whom. */
async function startProxy(): Promise<{ readonly url: string; readonly asked: readonly unknown[] }> {
  const asked: unknown[] = [];
  const note = ({ method, url, headers }: IncomingMessage): void => {
    asked.push([method, url, headers['proxy-authorization']]);
  };
  const server = createServer((incoming, outgoing) => {
    note(incoming);
    const { method = '', headers } = incoming;
    const onward = request(incoming.url ?? '', { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  server.on('connect', (incoming: IncomingMessage, client: Socket) => {
    note(incoming);
    const [host, port] = (incoming.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    client.on('error', () => onward.destroy());
    onward.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => server.close());
  return { url: `http://user:pass@127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const credentials = `Basic ${Buffer.from('user:pass').toString('base64')}`;

describe('proxy_url', () => {
  it('is asked for http requests, with its credentials', async () => {
    const backend = await startBackend();
    const proxy = await startProxy();
    const { exporter } = await startExporter({ endpoint: backend.url, proxy_url: proxy.url });
    open.push(
      () => exporter.shutdown?.(),
      () => backend.close(),
    );
    await exporter.consume(numberedBatch('logs', [1]));
    expect(proxy.asked).toEqual([['POST', `${backend.url}/v1/logs`, credentials]]);
    expect(backend.requests.map(({ path }) => path)).toEqual(['/v1/logs']);
  });

  it('is asked for a tunnel for https requests', async () => {
    const authority = new TestAuthority();
    const backend = await startBackend(accept, { ...authority.issue('server') });
    const proxy = await startProxy();
    const { exporter } = await startExporter({
      endpoint: backend.url,
      proxy_url: proxy.url,
      tls: { ca_pem: authority.cert },
    });
    open.push(
      () => exporter.shutdown?.(),
      () => backend.close(),
    );
    await exporter.consume(numberedBatch('logs', [1]));
    expect(proxy.asked).toEqual([['CONNECT', new URL(backend.url).host, credentials]]);
    expect(backend.requests.map(({ path }) => path)).toEqual(['/v1/logs']);
  });
});

describe('the environment', () => {
  const config = otlpHttpExporter.configSchema.parse({ endpoint: 'http://localhost:4318' });

  it.each([
    [{}, false],
    [{ HTTP_PROXY: '' }, false],
    [{ HTTP_PROXY: 'http://proxy:3128' }, true],
    [{ https_proxy: 'http://proxy:3128' }, true],
  ])('%j names a proxy: %s', (environment, isProxied) => {
    const backend = createBackend(config, undefined, environment);
    expect(backend instanceof ProxiedBackend).toBe(isProxied);
    backend.destroy();
  });

  it.each(['127.0.0.1', 'localhost'])('never sends what is meant for %s to a proxy', async (host) => {
    const backend = await startBackend();
    const proxy = await startProxy();
    const way = createBackend(config, undefined, { HTTP_PROXY: proxy.url, NO_PROXY: 'example.test' });
    open.push(
      () => way.destroy(),
      () => backend.close(),
    );
    const url = new URL(`http://${host}:${new URL(backend.url).port}/`);
    await way.post(targetOf(url, ['Host', url.host], 'keep-alive'), [], new AbortController().signal);
    expect([proxy.asked, backend.requests.map(({ path }) => path)]).toEqual([[], ['/']]);
  });

  it('has no proxy asked for what was given up before', async () => {
    const proxy = await startProxy();
    const way = createBackend(config, undefined, { HTTP_PROXY: proxy.url });
    open.push(() => way.destroy());
    const target = targetOf(new URL('http://backend.test/'), ['Host', 'backend.test'], 'keep-alive');
    const sent = way.post(target, [], AbortSignal.abort(new Error('given up')));
    await expect(sent).rejects.toThrow('given up');
    expect(proxy.asked).toEqual([]);
  });
});

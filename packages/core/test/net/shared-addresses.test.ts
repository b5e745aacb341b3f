import { fstatSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ListenOptions, Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ListenEndpoint } from '@tributary/core';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { type FoundListeners, SharedAddresses, type SharingOptions } from '../../src/net/shared-addresses.ts';

function server(): Server {
  const made = createServer();
  onTestFinished(() => {
    made.close();
  });
  return made;
}

const ANY: ListenEndpoint = { endpoint: '127.0.0.1:0', transport: 'tcp' };
/** What the workers of this file found last. */
let found: FoundListeners = {};
beforeEach(() => {
  found = {};
});

const FIRST: SharingOptions = {
  ...{ isFirst: true, isAlone: true, listeners: {}, duplicate: () => undefined },
  onFound: (listeners) => {
    found = structuredClone(listeners);
  },
};
const OTHER: SharingOptions = { ...FIRST, isFirst: false, isAlone: false };

function portOf(listening: Server): number {
  const address = listening.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

// The kernel spreads connections over sockets of one port on Linux and some others.
const spreads = process.platform === 'linux';

it.runIf(spreads)(
  'workers listen on the ports that the first one found, in the order of its listening',
  async () => {
    const first = new SharedAddresses(FIRST);
    const servers = [server(), server()];
    for (const each of servers) await first.listen(each, ANY, { host: '127.0.0.1', port: 0 });
    const second = new SharedAddresses({ ...OTHER, listeners: found });
    const others = [server(), server()];
    for (const each of others) await second.listen(each, ANY, { host: '127.0.0.1', port: 0 });
    expect(others.map(portOf)).toEqual(servers.map(portOf));
    expect(new Set(servers.map(portOf)).size).toBe(2);
  },
);

it.runIf(spreads)(
  'the first worker does not share an address with a stranger, even one that would',
  async () => {
    const stranger = server();
    await new Promise<void>((resolve) => {
      stranger.listen({ host: '127.0.0.1', port: 0, reusePort: true }, resolve);
    });
    const options = { host: '127.0.0.1', port: portOf(stranger) };
    const where = { ...ANY, endpoint: `127.0.0.1:${options.port}` };
    await expect(new SharedAddresses(FIRST).listen(server(), where, options)).rejects.toThrow('EADDRINUSE');
  },
);

it('a Unix socket is served by the first worker alone', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-shared-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const where: ListenEndpoint = { endpoint: path.join(folder, 'otlp.sock'), transport: 'unix' };
  const [first, second] = [server(), server()];
  const alone = new SharedAddresses(FIRST);
  expect([
    await alone.listen(first, where, { path: where.endpoint }),
    await new SharedAddresses(OTHER).listen(second, where, { path: where.endpoint }),
    first.listening,
    second.listening,
    alone.unshared,
  ]).toEqual([undefined, { kind: 'unix', path: where.endpoint }, true, false, [where.endpoint]]);
});

/** As where the system does not know of SO_REUSEPORT, or the kernel refuses it. */
class OldServer extends Server {
  readonly #code: string;

  constructor(code: string) {
    super();
    this.#code = code;
    onTestFinished(() => {
      this.close();
    });
  }

  override listen(...rest: unknown[]): this {
    const [options] = rest as [ListenOptions];
    if (options.reusePort !== true) return super.listen(...(rest as [ListenOptions, () => void]));
    queueMicrotask(() => this.emit('error', Object.assign(new Error(this.#code), { code: this.#code })));
    return this;
  }
}

it.each(['ENOTSUP', 'ENOPROTOOPT', 'EINVAL'])(
  'where SO_REUSEPORT gives %s, the socket that the first worker listens on is there for all',
  async (code) => {
    const asked: number[] = [];
    const duplicate = (descriptor: number): number => {
      asked.push(descriptor);
      return 1_000_000;
    };
    const first = new SharedAddresses({ ...FIRST, duplicate });
    const listening = new OldServer(code);
    await first.listen(listening, ANY, { host: '127.0.0.1', port: 0 });
    const listener = { port: portOf(listening), sharing: 'descriptor', descriptor: 1_000_000 };
    expect([found, first.unshared]).toEqual([{ [`1 ${ANY.endpoint}`]: listener }, []]);
    expect(asked.map((descriptor) => fstatSync(descriptor).isSocket())).toEqual([true]);
  },
);

it('the first worker serves an address alone where sockets cannot be shared, and its successor again', async () => {
  const options = { host: '127.0.0.1', port: 0 };
  const first = new SharedAddresses(FIRST);
  const listening = new OldServer('ENOTSUP');
  expect(await first.listen(listening, ANY, options)).toBeUndefined();
  const port = portOf(listening);
  const listeners = found;
  const other = new OldServer('ENOTSUP');
  const elsewhere = await new SharedAddresses({ ...OTHER, listeners }).listen(other, ANY, options);
  expect([elsewhere, other.listening]).toEqual([{ kind: 'tcp', address: '127.0.0.1', port }, false]);

  await new Promise((resolve) => listening.close(resolve));
  const successor = new SharedAddresses({ ...FIRST, isAlone: false, listeners });
  const again = new OldServer('ENOTSUP');
  expect(await successor.listen(again, ANY, options)).toBeUndefined();
  expect([portOf(again), first.unshared, successor.unshared]).toEqual([port, [ANY.endpoint], [ANY.endpoint]]);
});

it('what prevents a server from listening is told as without workers', async () => {
  const taken = server();
  await new Promise<void>((resolve) => taken.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const options = { host: '127.0.0.1', port: portOf(taken) };
  await expect(new SharedAddresses(FIRST).listen(new OldServer('ENOTSUP'), ANY, options)).rejects.toThrow(
    'EADDRINUSE',
  );
});

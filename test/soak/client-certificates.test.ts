/** What a TLS server keeps of clients that show a certificate and go: too little for the short soak to see. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createSecureContext, createServer } from 'node:tls';
import { exposedGc } from '@tributary/core';
import { TestAuthority } from '@tributary/testkit';
import { expect, it } from 'vitest';
import { startBackend } from './backend.ts';
import { nativeMemory } from './native-memory.ts';
import { SoakSubject, type Target } from './subject.ts';
import { beginning } from './wire.ts';

/** Issuers that a client sends: Node.js 24.21 by itself keeps 3 to 4 KiB of each. */
const ISSUERS = 4;
const LEAK_BYTES = 8 * 1024;
/** What the noise of malloc's figures may come to for a handshake. */
const NOISE_BYTES = 2 * 1024;
const AT_ONCE = 4;
const TIMEOUT_MS = 240_000;
const NEEDS_GLIBC = 'needs glibc 2.33 or later, which tells what malloc has handed out';

it('a Tributary process keeps nothing of a thousand handshakes with certificates', {
  timeout: TIMEOUT_MS,
}, async ({ skip }) => {
  skip(nativeMemory() === undefined, NEEDS_GLIBC);
  const backend = await startBackend();
  try {
    const subject = await SoakSubject.start(backend);
    try {
      const targets = subject.targets.filter(({ tls }) => tls !== undefined);
      expect(targets.map(({ protocol }) => protocol)).toEqual(['grpc', 'http']);
      const openFiles = subject.openFiles;
      const inUseBytes = async (): Promise<number> => {
        await expect.poll(() => subject.openFiles).toBeLessThanOrEqual(openFiles);
        return (await subject.holdings()).native!.inUseBytes;
      };
      expect(await keptBytes(targets, 1000, inUseBytes)).toBeLessThan(NOISE_BYTES);
    } finally {
      await subject.stop();
    }
  } finally {
    await backend.close();
  }
});

// Once Node.js frees them itself this fails, and client-issuers.ts in core can go.
it('a bare server of Node.js keeps the issuers that its clients send', {
  timeout: TIMEOUT_MS,
}, async ({ skip }) => {
  skip(nativeMemory() === undefined, NEEDS_GLIBC);
  const authority = new TestAuthority();
  const ca = authority.cert;
  const verified = { ca, requestCert: true, rejectUnauthorized: true };
  const server = createServer({ ...authority.issue('server'), ...verified });
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).end('good day'));
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const target: Target = { protocol: 'http', port, tls: { ca, ...authority.issue('client') } };
    const inUseBytes = (): number => {
      exposedGc()();
      return nativeMemory()!.inUseBytes;
    };
    expect(await keptBytes([target], 200, inUseBytes)).toBeGreaterThan(LEAK_BYTES);
  } finally {
    server.close();
  }
});

/** How much more malloc has handed out after so many handshakes, a handshake. */
async function keptBytes(
  targets: readonly Target[],
  handshakes: number,
  inUseBytes: () => Promise<number> | number,
): Promise<number> {
  // Brings the process to its working size.
  await comeAndGo(targets, handshakes / 4);
  const before = await inUseBytes();
  await comeAndGo(targets, handshakes);
  return ((await inUseBytes()) - before) / handshakes;
}

/** Clients of all targets in turn, some at once. */
async function comeAndGo(targets: readonly Target[], handshakes: number): Promise<void> {
  const ways = targets.map(wayTo);
  let begun = 0;
  const clients = async (): Promise<void> => {
    while (begun < handshakes) await ways[begun++ % ways.length]!();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, clients));
}

/** A client that sends its authority's certificate with its own, and that again and again. */
function wayTo({ port, protocol, tls }: Target): () => Promise<void> {
  const { ca, cert, key } = tls!;
  const secureContext = createSecureContext({ ca, cert: cert + ca.repeat(ISSUERS), key });
  const [alpn, request] =
    protocol === 'grpc' ? ['h2', beginning()] : ['http/1.1', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'];
  return async () => {
    const options = { secureContext, servername: 'localhost', ALPNProtocols: [alpn] };
    const socket = connect({ port, host: '127.0.0.1', ...options });
    socket.write(request);
    // A server answers those only whose certificate it has checked.
    await once(socket, 'data');
    socket.destroy();
    await once(socket, 'close');
  };
}

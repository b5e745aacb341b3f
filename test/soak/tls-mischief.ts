/** What clients of TLS do that they should not, before there is HTTP of any kind. The server asks them for a certificate. */
import { connect } from 'node:tls';
import type { Mischief } from './mischief.ts';
import { RawClient } from './raw-client.ts';

/** The head of a record with a ClientHello, and nothing after it. */
const HALF_HELLO = Buffer.from('1603010200010001fc0303', 'hex');

export const TLS_MISCHIEF: readonly Mischief[] = [
  {
    name: 'stops in its handshake',
    run: async (target, { stallMs }) => {
      const client = await RawClient.openBelow(target);
      await client.send(HALF_HELLO);
      await client.stay(stallMs);
      client.reset();
    },
  },
  {
    name: 'says nothing to TLS',
    run: async (target, { stallMs }) => {
      const client = await RawClient.openBelow(target);
      await client.stay(stallMs);
      await client.leave();
    },
  },
  {
    name: 'speaks no TLS',
    counted: ['ended/tls'],
    run: async (target) => {
      const client = await RawClient.openBelow(target);
      await client.send(Buffer.from('POST /v1/logs HTTP/1.1\r\n\r\n'));
      await client.stay(5000);
      client.reset();
    },
  },
  {
    name: 'has no certificate',
    counted: ['ended/tls'],
    run: (target) =>
      new Promise((resolve) => {
        const socket = connect({
          port: target.port,
          host: '127.0.0.1',
          ca: target.tls?.ca,
          servername: 'localhost',
        });
        socket.on('error', () => undefined);
        socket.on('data', () => undefined);
        socket.setTimeout(5000, () => socket.destroy());
        socket.on('close', () => resolve());
      }),
  },
];

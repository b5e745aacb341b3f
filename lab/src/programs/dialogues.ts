import { exchangeRequest } from './exchange-message.ts';
import type { LoadOptions } from './load-options.ts';

/** What is said on a connection: the same request each time, and how much of what came is one response. */
export interface Dialogue {
  readonly request: Buffer;
  /** The length of the response at the beginning of what came, in bytes; undefined while it is not complete. */
  responseLength(received: Buffer): number | undefined;
}

/** The dialogue for a kind of server. */
export function dialogue({
  kind,
  host,
  requestBytes = 100,
  responseBytes = 100,
  path = '/',
}: LoadOptions): Dialogue {
  switch (kind) {
    case 'exchange':
      return {
        request: exchangeRequest(requestBytes, responseBytes),
        responseLength: (received) => (received.length >= responseBytes ? responseBytes : undefined),
      };
    case 'http':
      return {
        request: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
        responseLength: httpResponseLength,
      };
    case 'redis': {
      const value = 'x'.repeat(requestBytes);
      const reply = `$${requestBytes}\r\n${value}\r\n`.length;
      return {
        request: Buffer.from(`*2\r\n$4\r\nECHO\r\n$${requestBytes}\r\n${value}\r\n`),
        responseLength: (received) => (received.length >= reply ? reply : undefined),
      };
    }
  }
}

/** A response whose length is in its header, as servers of files send. */
function httpResponseLength(received: Buffer): number | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = /^content-length: *(\d+)/im.exec(received.subarray(0, end).toString('latin1'))?.[1];
  if (length === undefined) throw new Error('lab: the response says nothing of its length.');
  const total = end + 4 + Number(length);
  return received.length >= total ? total : undefined;
}

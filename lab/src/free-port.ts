import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that Linux gives to clients (ip_local_port_range): who connects to such a port of its own machine while
 * nobody listens there, as during a restart, could be connected to itself.
 */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 100;

/** A port that nobody listens on now, at an address of the loopback interface. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const server = createServer();
    try {
      server.listen({ port, host });
      await once(server, 'listening');
      return port;
    } catch {
      // Taken.
    } finally {
      server.close();
    }
  }
  throw new Error(`lab: no free port was found between ${FIRST} and ${LAST}.`);
}

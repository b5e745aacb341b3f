/**
 * Makes connections to connection-server.ts, one after the other: asks, reads the answer to its end, closes. Told a
 * number, makes so many and answers with the seconds they took. Its argument: the server's port.
 */
import { close, connect, read, socketAddress, write } from './sockets.ts';

/** Each address of the server has its own port range at this end; the ports rest for a minute after use. */
const ADDRESSES = 200;

const port = Number(process.argv[2]);
const servers = Array.from({ length: ADDRESSES }, (_, index) => socketAddress([127, 0, 1 + index, 1], port));
const request = Buffer.alloc(100, 'b');
const response = Buffer.alloc(4096);
let made = 0;

process.on('message', (connections: number) => {
  const begin = performance.now();
  for (const end = made + connections; made < end; made += 1) {
    const fd = connect(servers[made % ADDRESSES] as Buffer);
    write(fd, request);
    while (read(fd, response) > 0);
    close(fd);
  }
  process.send?.((performance.now() - begin) / 1000);
});
process.send?.('ready');

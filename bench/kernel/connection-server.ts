/** A server, alone in its process: for each connection reads a request and answers with a kilobyte. Its argument: a port. */
import { accept, close, listen, read, socketAddress, write } from './sockets.ts';

const listener = listen(socketAddress([0, 0, 0, 0], Number(process.argv[2])));
const request = Buffer.alloc(4096);
const response = Buffer.alloc(1000, 'a');
process.send?.('ready');
for (;;) {
  const fd = accept(listener);
  read(fd, request);
  write(fd, response);
  close(fd);
}

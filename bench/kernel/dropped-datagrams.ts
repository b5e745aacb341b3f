/** Told a number, sends so many datagrams to where nobody listens, which the kernel drops; then answers. */
import { bindDatagrams, close, connectDatagrams, socketAddress, write } from './sockets.ts';

const loopback = socketAddress([127, 0, 0, 1], 0);
const sender = bindDatagrams(loopback);
const nobody = bindDatagrams(loopback);
connectDatagrams(sender.fd, nobody.address);
close(nobody.fd);
const datagram = Buffer.alloc(200, 'd');

process.on('message', (datagrams: number) => {
  for (let count = 0; count < datagrams; ) {
    try {
      write(sender.fd, datagram);
      count += 1;
    } catch {
      // The kernel's answer to the datagram before, told once; nothing was sent.
    }
  }
  process.send?.(datagrams);
});
process.send?.('ready');

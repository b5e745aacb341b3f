/**
 * Two connected UDP sockets, alone in a process: told a number, sends so many datagrams from the one to the other, reading
 * each before the next is sent, and answers with the seconds that took.
 */
import { bindDatagrams, connectDatagrams, read, socketAddress, write } from './sockets.ts';

const loopback = socketAddress([127, 0, 0, 1], 0);
const sender = bindDatagrams(loopback);
const receiver = bindDatagrams(loopback);
connectDatagrams(sender.fd, receiver.address);
connectDatagrams(receiver.fd, sender.address);
const datagram = Buffer.alloc(200, 'd');
const into = Buffer.alloc(2048);

process.on('message', (datagrams: number) => {
  const begin = performance.now();
  for (let count = 0; count < datagrams; count += 1) {
    write(sender.fd, datagram);
    read(receiver.fd, into);
  }
  process.send?.((performance.now() - begin) / 1000);
});
process.send?.('ready');

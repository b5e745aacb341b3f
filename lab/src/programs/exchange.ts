/**
 * Usage: node exchange.ts PORT. Answers requests of the form in exchange-message.ts, over TCP and UDP, IPv4 and IPv6. For
 * each line of its input it says what it counted, as a line of JSON: an `ExchangeCounts`.
 */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { HEADER_BYTES, readHeader } from './exchange-message.ts';

const port = Number(process.argv[2]);
const tcp = { connections: 0, requests: 0, receivedBytes: 0, sentBytes: 0 };
const udp = { receivedDatagrams: 0, sentDatagrams: 0, receivedBytes: 0, sentBytes: 0 };

function serve(socket: Socket): void {
  tcp.connections += 1;
  let header = Buffer.alloc(0);
  let bodyBytes = 0;
  let responseBytes = 0;
  const answer = (): void => {
    tcp.requests += 1;
    tcp.sentBytes += responseBytes;
    if (responseBytes > 0) socket.write(Buffer.alloc(responseBytes, 'y'));
    header = Buffer.alloc(0);
  };
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    tcp.receivedBytes += chunk.length;
    let rest = chunk;
    while (rest.length > 0) {
      if (header.length < HEADER_BYTES) {
        const missing = HEADER_BYTES - header.length;
        header = Buffer.concat([header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (header.length < HEADER_BYTES) return;
        const lengths = readHeader(header);
        bodyBytes = lengths.requestBytes - HEADER_BYTES;
        responseBytes = lengths.responseBytes;
      }
      const taken = Math.min(bodyBytes, rest.length);
      bodyBytes -= taken;
      rest = rest.subarray(taken);
      if (bodyBytes === 0) answer();
    }
  });
}

createServer(serve).listen(port, '::');

const datagrams = createSocket({ type: 'udp6', recvBufferSize: 4 * 1024 * 1024 });
datagrams.on('message', (message, from) => {
  udp.receivedDatagrams += 1;
  udp.receivedBytes += message.length;
  const { responseBytes } = readHeader(message);
  if (responseBytes === 0) return;
  udp.sentDatagrams += 1;
  udp.sentBytes += responseBytes;
  datagrams.send(Buffer.alloc(responseBytes, 'y'), from.port, from.address);
});
datagrams.bind(port, '::');

createInterface(process.stdin).on('line', () => console.log(JSON.stringify({ tcp, udp })));

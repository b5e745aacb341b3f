/**
 * Usage: node peer.ts IDENTITY PORT. Tells whoever connects who it is, and calls others as the last line of its input says
 * (PeerOrders). What it called and who answered it says in lines of JSON, each a list of PeerCall.
 */
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { PeerCall, PeerOrders } from './peer-messages.ts';

const REPORT_EVERY_MS = 100;
/** Whoever does not answer for so long is given up. */
const PATIENCE_MS = 10_000;
const MOST_AT_ONCE = 200;

const [identity = '', port] = process.argv.slice(2);
let made: PeerCall[] = [];
let open = 0;
let next = 0;
let timer: NodeJS.Timeout | undefined;

function call({ targets, holdMs }: PeerOrders): void {
  const target = targets[next % targets.length];
  next += 1;
  if (target === undefined || open >= MOST_AT_ONCE) return;
  const startMs = Date.now();
  const socket = connect({ ...target, family: 4 });
  let said = '';
  open += 1;
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('close', () => {
    open -= 1;
  });
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (!said.endsWith('\n')) return;
    made.push({
      localAddress: socket.localAddress ?? '',
      localPort: socket.localPort ?? 0,
      remoteAddress: target.host,
      remotePort: target.port,
      answeredBy: said.trimEnd(),
      startMs,
    });
    setTimeout(() => socket.end(), Math.random() * holdMs);
  });
}

createServer((socket) => {
  socket.on('error', () => {});
  socket.write(`${identity}\n`);
  socket.resume();
}).listen(Number(port), '::');

createInterface(process.stdin).on('line', (line) => {
  const orders: PeerOrders = JSON.parse(line);
  clearInterval(timer);
  if (orders.perSecond > 0) timer = setInterval(() => call(orders), 1000 / orders.perSecond);
});

setInterval(() => {
  if (made.length === 0) return;
  console.log(JSON.stringify(made));
  made = [];
}, REPORT_EVERY_MS);

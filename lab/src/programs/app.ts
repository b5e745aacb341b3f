/**
 * Usage: node app.ts OPTIONS, an `AppOptions` in JSON. A web application: for each request it fetches a page from a web
 * server and asks Redis to echo the path, each over connections that it keeps. A line of input `counts` makes it say what it
 * did, as a line of JSON (`AppCounts`); `close` closes its connections to the others in order, and says so.
 */
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { AppCounts, AppOptions } from './app-options.ts';

const options = JSON.parse(process.argv[2] ?? '') as AppOptions;
const agent = new Agent({ keepAlive: true, maxSockets: options.webConnections ?? 1, keepAliveMsecs: 60_000 });
const webSockets = new Set<Socket>();
let cache: Socket | undefined;
let requests = 0;

async function fetchPage(): Promise<string> {
  const request = get(options.webUrl, { agent, family: options.family });
  request.on('socket', (socket) => webSockets.add(socket));
  const [response] = await once(request, 'response');
  return text(response);
}

async function askCache(path: string): Promise<string> {
  cache ??= connect({ host: options.cacheHost, port: options.cachePort, family: options.family });
  cache.write(`*2\r\n$4\r\nECHO\r\n$${path.length}\r\n${path}\r\n`);
  const expected = `$${path.length}\r\n${path}\r\n`.length;
  let answer = '';
  while (answer.length < expected) {
    const [chunk] = await once(cache, 'data');
    answer += String(chunk);
  }
  return answer;
}

/** One request after the other, for the answers of Redis come in the order of the questions. */
let last: Promise<unknown> = Promise.resolve();
const server = createServer((request, response) => {
  last = last.then(async () => {
    requests += 1;
    const [page, echo] = await Promise.all([fetchPage(), askCache(request.url ?? '/')]);
    const body = `${page}${echo}`;
    response.writeHead(200, { 'content-length': body.length }).end(body);
  });
});

function counts(): AppCounts {
  const sum = (sockets: Iterable<Socket>) => {
    const all = [...sockets];
    return {
      connections: all.length,
      sentBytes: all.reduce((total, socket) => total + socket.bytesWritten, 0),
      receivedBytes: all.reduce((total, socket) => total + socket.bytesRead, 0),
    };
  };
  return { requests, web: sum(webSockets), cache: sum(cache === undefined ? [] : [cache]) };
}

async function close(): Promise<void> {
  const open = [...webSockets, ...(cache === undefined ? [] : [cache])].filter((socket) => !socket.closed);
  const closed = open.map((socket) => once(socket, 'close'));
  for (const socket of open) socket.end();
  await Promise.all(closed);
}

createInterface(process.stdin).on('line', async (line) => {
  if (line === 'close') await close();
  console.log(JSON.stringify(counts()));
});
server.listen(options.port, '::');

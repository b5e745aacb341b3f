/** What our client makes of an answer is what node:http makes of it, and what is ambiguous it refuses. */
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ClientPool } from '../../../src/net/http1/client-pool.ts';

const LIMIT = 1000;
const HEAD = Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');

let pieces: readonly Buffer[] = [];
let server: Server;
let port = 0;

beforeAll(async () => {
  // Answers whatever comes with the pieces, and closes.
  server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      const send = (index: number): void => {
        const piece = pieces[index];
        if (piece === undefined) socket.end();
        else socket.write(piece, () => setImmediate(send, index + 1));
      };
      send(0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

/** A status, a field and the body; or that there was no whole answer. */
type Outcome = readonly [status: number, field: string | undefined, body: string] | 'none';

async function ours(): Promise<Outcome> {
  const pool = new ClientPool({
    connect: () => connect(port, '127.0.0.1'),
    maxConnections: 1,
    maxIdle: 1,
    idleTimeoutMs: 0,
    keepsConnections: true,
    maxAnswerBytes: LIMIT,
  });
  try {
    const answer = await pool.send(HEAD, [], new AbortController().signal);
    return [answer.status, answer.field('x-a'), answer.body.toString('latin1')];
  } catch {
    return 'none';
  } finally {
    pool.destroy();
  }
}

function nodes(): Promise<Outcome> {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, method: 'POST', agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', () => resolve('none'));
      response.on('end', () =>
        resolve([response.statusCode ?? 0, response.headersDistinct['x-a']?.[0], body]),
      );
    });
    outgoing.on('error', () => resolve('none'));
    outgoing.end();
  });
}

const content = fc.string({ maxLength: 50 }).map((text) => Buffer.from(text, 'utf8').toString('latin1'));
const field = fc.constantFrom(
  '',
  'X-A: 1\r\n',
  'x-a:  two words \t\r\n',
  'X-A: \u00e9\r\nX-A: 2\r\n',
  'Date: now\r\n',
);
const interim = fc.constantFrom(
  '',
  '',
  '',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n',
);

/** The body in chunks, with extensions and a trailer now and then. */
const chunked = fc
  .tuple(
    fc.array(
      content.filter((text) => text !== ''),
      { maxLength: 4 },
    ),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([chunks, hasExtensions, hasTrailer]) => {
    const extension = hasExtensions ? ';name=value' : '';
    const lines = chunks.map((chunk) => `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`);
    return `Transfer-Encoding: chunked\r\n\r\n${lines.join('')}0\r\n${hasTrailer ? 'X-T: 1\r\n' : ''}\r\n`;
  });

const good = fc
  .tuple(
    interim,
    fc.constantFrom('200 OK', '204 No Content', '304 ', '400 Bad Request', '503'),
    field,
    fc.oneof(
      content.map((body) => `Content-Length: ${body.length}\r\n\r\n${body}`),
      chunked,
      content.map((body) => `\r\n${body}`),
    ),
  )
  .map(([before, status, fields, rest]) => {
    const isEmpty = /^(204|304)/.test(status);
    return `${before}HTTP/1.1 ${status}\r\n${fields}${isEmpty ? '\r\n' : rest}`;
  });

const odd = fc
  .tuple(
    good,
    fc.constantFrom(
      ['HTTP/1.1', 'HTTP/1.0'],
      ['HTTP/1.1', 'HTTP/2'],
      ['HTTP/1.1 ', 'HTTP/1.1  '],
      ['\r\n', '\n'],
      ['\r\n\r\n', '\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n'],
      ['\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'],
      ['\r\n\r\n', '\r\nTransfer-Encoding: gzip\r\n\r\n'],
      ['\r\n\r\n', '\r\n folded\r\n\r\n'],
      ['\r\n\r\n', '\r\nX-A : 1\r\n\r\n'],
      ['\r\n\r\n', '\r\nX-A: a\x00b\r\n\r\n'],
      ['Content-Length: ', 'Content-Length: +'],
      ['Content-Length: ', 'Content-Length: 9'],
      ['\r\n0\r\n', '\r\n0x0\r\n'],
      ['\r\n0\r\n', '\r\n\r\n'],
      ['200', '99'],
      ['200', '101'],
    ),
    fc.nat({ max: 200 }),
  )
  .map(([text, [from, to], cutAt]) => {
    const changed = text.replace(from as string, to as string);
    return cutAt < 20 ? changed.slice(0, changed.length - cutAt) : changed;
  });

const inPieces = (text: fc.Arbitrary<string>): fc.Arbitrary<Buffer[]> =>
  fc.tuple(text, fc.array(fc.nat(), { maxLength: 4 })).map(([whole, cuts]) => {
    const bytes = Buffer.from(whole, 'latin1');
    const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
    return [0, ...at].map((begin, index) => bytes.subarray(begin, at[index] ?? bytes.length));
  });

it('an answer in order is read as node:http reads it', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(inPieces(good), async (sent) => {
      pieces = sent;
      const expected = await nodes();
      expect(expected).not.toBe('none');
      expect(await ours()).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

it('another is read as node:http reads it, or refused', { timeout: 60_000 }, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(inPieces(odd), async (sent) => {
      pieces = sent;
      const read = await ours();
      if (read === 'none') refused += 1;
      else expect(read).toEqual(await nodes());
    }),
    { numRuns: 300 },
  );
  expect(refused).toBeGreaterThan(0);
});

it('an answer that is too long is not read to its end', async () => {
  for (const framing of [
    `Content-Length: ${LIMIT + 1}\r\n\r\n`,
    '\r\n',
    'Transfer-Encoding: chunked\r\n\r\n400\r\n',
  ]) {
    pieces = [Buffer.from(`HTTP/1.1 200 OK\r\n${framing}${'a'.repeat(LIMIT + 1)}`)];
    expect(await ours()).toBe('none');
  }
});

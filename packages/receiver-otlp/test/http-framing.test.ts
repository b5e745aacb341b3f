/**
 * How requests are framed on the wire (RFC 9112), in clear text and over TLS, and whoever reads them. What two readers could take
 * differently is refused, the connection closed, and nothing that stands behind it taken.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { numberedBatch, numbersOf, type Sink, TestAuthority } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { type Started, startReceiver } from './start-receiver.ts';

const authority = new TestAuthority();
const { cert, key } = authority.issue('server');

interface Server extends Started {
  /** Opens a connection. */
  open(): Socket;
}

/** The ways to a server. */
const SERVERS: readonly (readonly [string, (block?: object) => Promise<Server>])[] = [
  ['clear text', (block) => startClear({ ...block })],
  ['clear text without keep-alives', (block) => startClear({ ...block, keep_alives_enabled: false })],
  ['TLS', startOverTls],
];

async function startClear(block: object): Promise<Server> {
  const started = await startReceiver({ grpc: null, http: block });
  return { ...started, open: () => connect(started.httpPort, '127.0.0.1') };
}

async function startOverTls(block: object = {}): Promise<Server> {
  const tls = { cert_pem: cert, key_pem: key };
  const started = await startReceiver({ grpc: null, http: { ...block, tls } });
  const options = { port: started.httpPort, host: '127.0.0.1', servername: 'localhost', ca: authority.cert };
  return { ...started, open: () => connectTls(options) };
}

/** Sends pieces, each when the one before was written, and gives what came back until the server closed. */
function talk(
  socket: Socket,
  pieces: readonly (string | Buffer)[],
  closesAfter = Number.POSITIVE_INFINITY,
): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      heard += data.toString('latin1');
      if (statuses(heard).length >= closesAfter) socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard));
    const send = (index: number): void => {
      const piece = pieces[index];
      if (piece !== undefined && !socket.destroyed)
        socket.write(piece, 'latin1', () => setImmediate(send, index + 1));
    };
    send(0);
  });
}

/** What was taken, in its order. */
function numbers({ batches }: Sink): number[] {
  return batches.flatMap((batch) => numbersOf(batch));
}

/** The statuses of answers. */
function statuses(heard: string): number[] {
  return [...heard.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}

const body = (number: number): string =>
  Buffer.from(numberedBatch('logs', [number]).toBytes()).toString('latin1');
const TYPE = 'Content-Type: application/x-protobuf';
const LINE = 'POST /v1/logs HTTP/1.1';
const HOST = 'Host: a';
const message = (lines: readonly string[], content: string): string =>
  `${[...lines, '', ''].join('\r\n')}${content}`;
const plain = (number: number, ...more: string[]): string =>
  message([LINE, HOST, TYPE, `Content-Length: ${body(number).length}`, ...more], body(number));
const inChunks = (content: string, size = content.length): string =>
  `${(content.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []).map((each) => `${each.length.toString(16)}\r\n${each}\r\n`).join('')}0\r\n\r\n`;
const chunked = (number: number, ...more: string[]): string =>
  message([LINE, HOST, TYPE, 'Transfer-Encoding: chunked', ...more], inChunks(body(number), 7));

const CONTENT = body(1);
const LENGTH = `Content-Length: ${CONTENT.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';
const post = (...fields: string[]): string => message([LINE, HOST, TYPE, ...fields], CONTENT);
const chunks = (text: string): string => message([LINE, HOST, TYPE, CHUNKED], text);

/** What is wrong, the request, and the status of its refusal. */
const REFUSED: readonly (readonly [string, string, number])[] = [
  ['a method that nobody knows', message(['.1T /v1/logs HTTP/1.1', HOST], ''), 400],
  ['a line that begins with no method', message(['@ /v1/logs HTTP/1.1', HOST], ''), 400],
  ['two lengths', post(LENGTH, LENGTH), 400],
  ['two lengths that differ', post(LENGTH, 'Content-Length: 0'), 400],
  ['a list of lengths', post(`${LENGTH}, ${CONTENT.length}`), 400],
  ['a length with a sign', post(`Content-Length: +${CONTENT.length}`), 400],
  ['a length in hexadecimal digits', post('Content-Length: 0x10'), 400],
  ['an empty length', post('Content-Length:'), 400],
  ['a length beyond all measure', post('Content-Length: 99999999999999999999'), 400],
  ['a length and chunks', message([LINE, HOST, TYPE, LENGTH, CHUNKED], inChunks(CONTENT)), 400],
  ['chunks and a length', message([LINE, HOST, TYPE, CHUNKED, LENGTH], inChunks(CONTENT)), 400],
  ['chunks twice', message([LINE, HOST, TYPE, CHUNKED, CHUNKED], inChunks(CONTENT)), 400],
  ['chunks in chunks', message([LINE, HOST, TYPE, `${CHUNKED}, chunked`], inChunks(CONTENT)), 501],
  [
    'another transfer coding',
    message([LINE, HOST, TYPE, 'Transfer-Encoding: gzip, chunked'], inChunks(CONTENT)),
    501,
  ],
  ['no transfer coding', message([LINE, HOST, TYPE, 'Transfer-Encoding: identity'], CONTENT), 501],
  ['nearly chunks', message([LINE, HOST, TYPE, 'Transfer-Encoding: xchunked'], inChunks(CONTENT)), 501],
  ['chunks of HTTP/1.0', message(['POST /v1/logs HTTP/1.0', HOST, TYPE, CHUNKED], inChunks(CONTENT)), 400],
  ['a folded field', post(LENGTH, 'X-A: 1', ' folded'), 400],
  ['a folded length', post('Content-Length:', ` ${CONTENT.length}`), 400],
  ['a field folded by a tab', post(LENGTH, 'X-A: 1', '\tfolded'), 400],
  ['a first field after white space', message([LINE, ' X-A: 1', HOST, TYPE, LENGTH], CONTENT), 400],
  ['a bare newline after a field', message([LINE, `${HOST}\n${TYPE}`, LENGTH], CONTENT), 400],
  ['a bare newline after the first line', message([`${LINE}\n${HOST}`, TYPE, LENGTH], CONTENT), 400],
  ['bare newlines throughout', post(LENGTH).replaceAll('\r\n', '\n'), 400],
  ['a bare carriage return', post(LENGTH, 'X-A: a\rContent-Length: 0'), 400],
  ['a space before a colon', post(`Content-Length : ${CONTENT.length}`), 400],
  ['a tab before a colon', post(LENGTH, 'X-A\t: 1'), 400],
  ['a name with a space', post(LENGTH, 'X A: 1'), 400],
  ['no name', post(LENGTH, ': 1'), 400],
  ['no colon', post(LENGTH, 'X-A'), 400],
  ['a zero in a value', post(LENGTH, 'X-A: a\0b'), 400],
  ['a zero in a name', post(LENGTH, 'X-\0A: b'), 400],
  ['no host', message([LINE, TYPE, LENGTH], CONTENT), 400],
  ['two hosts', post(LENGTH, HOST), 400],
  ['two spaces', message(['POST  /v1/logs HTTP/1.1', HOST, TYPE, LENGTH], CONTENT), 400],
  ['another version', message(['POST /v1/logs HTTP/1.2', HOST, TYPE, LENGTH], CONTENT), 400],
  ['no version', message(['POST /v1/logs', HOST, TYPE, LENGTH], CONTENT), 400],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['a chunk that is longer than it says', chunks(`3\r\n${CONTENT}\r\n0\r\n\r\n`), 400],
  [
    'a chunk whose size ends with a bare newline',
    chunks(`${CONTENT.length.toString(16)}\n${CONTENT}\r\n0\r\n\r\n`),
    400,
  ],
  ['a chunk that ends with a bare newline', chunks(`3\r\n${CONTENT.slice(0, 3)}\n0\r\n\r\n`), 400],
  ['a chunk extension with a bare newline', chunks(`3;a\nb\r\n${CONTENT.slice(0, 3)}\r\n0\r\n\r\n`), 400],
  ['a chunk size with a prefix', chunks(`0x3\r\n${CONTENT.slice(0, 3)}\r\n0\r\n\r\n`), 400],
  ['a chunk size after a space', chunks(` 3\r\n${CONTENT.slice(0, 3)}\r\n0\r\n\r\n`), 400],
  ['a chunk size with a sign', chunks(`+3\r\n${CONTENT.slice(0, 3)}\r\n0\r\n\r\n`), 400],
  [
    'a chunk size beyond all measure',
    chunks(`10000000000000003\r\n${CONTENT.slice(0, 3)}\r\n0\r\n\r\n`),
    400,
  ],
  ['no chunk size', chunks(`\r\n${CONTENT}\r\n0\r\n\r\n`), 400],
  ['a folded trailer', chunks(`${inChunks(CONTENT).slice(0, -2)}X-A: 1\r\n folded\r\n\r\n`), 400],
  ['a trailer with a space before a colon', chunks(`${inChunks(CONTENT).slice(0, -2)}X-A : 1\r\n\r\n`), 400],
];

describe.each(SERVERS)('over %s', (name, start) => {
  const keepsAlive = !name.includes('without');

  describe('is refused, with the connection and all that follows,', () => {
    it.each(REFUSED)('%s', async (_, request, status) => {
      const { open, sink } = await start();
      // As the first thing, with a request smuggled behind it.
      expect(statuses(await talk(open(), [request + plain(9)]))).toEqual([status]);
      // Byte by byte.
      expect(statuses(await talk(open(), [...request]))).toEqual([status]);
      expect(numbers(sink)).toEqual([]);
      if (!keepsAlive) return;
      // On a connection that is in use: with the answers that are due, and nothing behind them.
      const heard = await talk(open(), [plain(2) + chunked(3) + request + plain(9)]);
      expect(statuses(heard)).toEqual([200, 200, status]);
      expect(numbers(sink)).toEqual([2, 3]);
    });

    it.each(REFUSED)('%s, and counted once', async (_, request) => {
      const { open, settings } = await start();
      await talk(open(), [request]);
      const refused =
        'otelcol_receiver_otlp_refused_requests{reason="malformed",receiver="otlp",transport="http"}';
      expect(settings.registry.snapshot()).toEqual({ [refused]: 1 });
    });

    it.each([
      ['a head that is too long', `${LINE}\r\nX-A: ${'a'.repeat(70_000)}`, 'too_large'],
      ['more than 256 fields', post(LENGTH, ...Array<string>(254).fill('X-A: 1')), 'too_large'],
      ['half a head', `${LINE}\r\nHost`, 'aborted'],
      ['half a body', post('Content-Length: 500'), 'aborted'],
    ])('%s, which is counted', async (_, request, reason) => {
      const { open, settings } = await start();
      const socket = open();
      const heard = talk(socket, [request]);
      socket.once('connect', () => socket.end());
      await heard;
      const refused = `otelcol_receiver_otlp_refused_requests{reason="${reason}",receiver="otlp",transport="http"}`;
      expect(settings.registry.snapshot()).toEqual({ [refused]: 1 });
    });

    it.each([
      ['of another method', message(['GET /v1/logs HTTP/1.1', HOST], ''), 405],
      ['of another method, with a body', message(['PUT /v1/logs HTTP/1.1', HOST, LENGTH], CONTENT), 405],
      ['of HTTP/1.0', message(['POST /v1/logs HTTP/1.0', HOST, TYPE, LENGTH], CONTENT), 200],
      ['to a whole address', message(['POST http://a/other HTTP/1.1', HOST, TYPE, LENGTH], CONTENT), 404],
      ['that was said to be the last', plain(1, 'Connection: close'), 200],
    ])('what stands behind a request %s', async (_, request, status) => {
      const { open, sink } = await start();
      for (const behind of [plain(9), post(LENGTH, LENGTH), 'GET / HTTP/1.1\nHost: a\n\n']) {
        expect(statuses(await talk(open(), [request + behind]))).toEqual([status]);
        expect(statuses(await talk(open(), [request, behind]))).toEqual([status]);
      }
      expect(numbers(sink).filter((number) => number !== 1)).toEqual([]);
    });
  });

  describe('is taken', () => {
    it.each([
      ['a body of known length', plain(1)],
      ['a body in chunks', chunked(1)],
      [
        'chunks with extensions and a trailer',
        chunks(`${CONTENT.length.toString(16)};a=b;c="d"\r\n${CONTENT}\r\n0;e\r\nX-A: 1\r\nX-B: 2\r\n\r\n`),
      ],
      ['an empty line before it', `\r\n${plain(1)}`],
      ['a field of white space', plain(1, 'X-A: \t ')],
      [
        'an offer of another protocol',
        plain(1, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
      ],
      [
        'a query, and fields that are there twice',
        plain(1, 'X-A: 1', 'X-A: 2').replace('/v1/logs', '/v1/logs?a=b'),
      ],
    ])('%s', async (_, request) => {
      const { open, sink } = await start();
      expect(statuses(await talk(open(), [request], 1))).toEqual([200]);
      expect(statuses(await talk(open(), [...request], 1))).toEqual([200]);
      expect(numbers(sink)).toEqual([1, 1]);
    });

    it('what its sender waits for leave to send', async () => {
      const { open, sink } = await start({ max_request_body_size: 1000 });
      const asks = (length: number): string =>
        message([LINE, HOST, TYPE, 'Expect: 100-continue', `Content-Length: ${length}`], '');
      const socket = open();
      const heard = talk(socket, [asks(CONTENT.length)], 2);
      socket.once('data', () => socket.write(CONTENT, 'latin1'));
      expect(statuses(await heard)).toEqual([100, 200]);
      // In chunks.
      const inParts = open();
      const heardToo = talk(inParts, [message([LINE, HOST, TYPE, 'Expect: 100-Continue', CHUNKED], '')], 2);
      inParts.once('data', () => inParts.write(inChunks(CONTENT), 'latin1'));
      expect(statuses(await heardToo)).toEqual([100, 200]);
      // Leave is not given to send too much, and the connection is of no more use.
      expect(statuses(await talk(open(), [asks(1001)]))).toEqual([413]);
      expect(statuses(await talk(open(), [message([LINE, HOST, TYPE, LENGTH, 'Expect: more'], '')]))).toEqual(
        [417],
      );
      expect(numbers(sink)).toEqual([1, 1]);
    });
  });

  it.runIf(keepsAlive)('a head whose sender is suddenly gone is counted as given up', async () => {
    const { open, settings } = await start();
    const socket = open();
    socket.write(plain(1) + LINE, 'latin1');
    await once(socket, 'data');
    if (socket instanceof TLSSocket) socket.destroy();
    else socket.resetAndDestroy();
    const refused =
      'otelcol_receiver_otlp_refused_requests{reason="aborted",receiver="otlp",transport="http"}';
    await expect.poll(() => settings.registry.snapshot()[refused]).toBe(1);
  });

  describe('a client that reads nothing before it has sent all gets its answer', () => {
    const much = 'a'.repeat(1_000_000);
    const long = `Content-Length: ${much.length}`;
    it.each([
      ['to a body of many times the limit', [LINE, HOST, TYPE, long], 413],
      ['to a body for another path', ['POST /v1/other HTTP/1.1', HOST, TYPE, long], 404],
      ['to a body of another type', [LINE, HOST, 'Content-Type: text/plain', long], 415],
      ['to a body of an unknown encoding', [LINE, HOST, TYPE, 'Content-Encoding: br', long], 400],
    ])('%s', async (_, head, status) => {
      const { open } = await start({ max_request_body_size: 1000 });
      const socket = open();
      const errors: Error[] = [];
      socket.on('error', (error) => errors.push(error));
      socket.write(message(head, ''));
      // So much by so much: the server has answered, and has had all that it throws away, while there is more to send.
      for (let at = 0; at < much.length && !socket.destroyed; at += 50_000) {
        await new Promise((resolve) => socket.write(much.slice(at, at + 50_000), resolve));
        await new Promise(setImmediate);
      }
      const heard = socket.destroyed ? '' : await talk(socket, []);
      expect([statuses(heard), errors]).toEqual([[status], []]);
    });
  });

  it('requests that are sent without waiting are answered in their order', async () => {
    const { open, sink } = await start();
    const all = plain(1) + chunked(2) + plain(3, 'X-A: 1') + chunked(4) + plain(5, 'Connection: close');
    const answered = keepsAlive ? [1, 2, 3, 4, 5] : [1];
    expect(statuses(await talk(open(), [all]))).toEqual(answered.map(() => 200));
    expect(statuses(await talk(open(), [...all]))).toEqual(answered.map(() => 200));
    expect(numbers(sink)).toEqual([...answered, ...answered]);
  });

  it('a body in chunks above the limit is refused, and the connection goes on where it ends', async () => {
    const { open, sink } = await start({ max_request_body_size: 1000 });
    const large = message([LINE, HOST, TYPE, CHUNKED], inChunks('x'.repeat(1500), 100));
    expect(statuses(await talk(open(), [large + plain(2)], keepsAlive ? 2 : 1))).toEqual(
      keepsAlive ? [413, 200] : [413],
    );
    const endless = message([LINE, HOST, TYPE, CHUNKED], inChunks('x'.repeat(9000), 100));
    expect(statuses(await talk(open(), [...(endless.match(/[\s\S]{1,1000}/g) ?? [])]))).toEqual([413]);
    expect(numbers(sink)).toEqual(keepsAlive ? [2] : []);
  });

  it('HEAD and OPTIONS are answered, without a body', async () => {
    const { open } = await start({ cors: { allowed_origins: ['https://a.example'] } });
    const head = await talk(open(), [message(['HEAD /v1/logs HTTP/1.1', HOST], '')]);
    expect([statuses(head), head.endsWith('\r\n\r\n')]).toEqual([[405], true]);
    const fields = [HOST, 'Origin: https://a.example', 'Access-Control-Request-Method: POST'];
    const options = await talk(open(), [message(['OPTIONS /v1/logs HTTP/1.1', ...fields], '')]);
    expect([statuses(options), /Access-Control-Allow-Origin: (.*)\r/.exec(options)?.[1]]).toEqual([
      [204],
      'https://a.example',
    ]);
  });
});

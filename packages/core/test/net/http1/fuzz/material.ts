/** Good and odd messages of HTTP/1.1 to begin with, and pieces of them that mean something. */

const REQUEST = 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-A: one\r\n\r\nhello';
const EMPTY_REQUEST = 'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n';

/** Whole inputs, by what they are for. */
export const SEEDS = {
  heads: [
    'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: keep-alive',
    'POST /a?b=c HTTP/1.1\r\nhost: a\r\ncontent-length: 15\r\nx-a:\t \u00e9 \t',
  ],
  chunks: [
    '5\r\nhello\r\n0\r\n\r\n',
    '5;a=b\r\nhello\r\n0000a\r\n0123456789\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n',
    `ff\r\n${'a'.repeat(255)}\r\n0\r\n\r\nmore`,
  ],
  answers: [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
    'HTTP/1.0 200 OK\r\n\r\nuntil the end',
    'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n',
    'HTTP/1.1 413\r\nTransfer-Encoding: Chunked\r\nX-A: 2\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  ],
  requests: [
    REQUEST,
    REQUEST + EMPTY_REQUEST + REQUEST,
    `${EMPTY_REQUEST}GET / HTTP/1.1\r\nHost: a\r\n\r\n`,
    `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Length: 400\r\n\r\n${'b'.repeat(400)}${REQUEST}`,
  ],
} as const;

/** Pieces, for any input. */
export const TOKENS: readonly Buffer[] = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '\r\n\r\n',
  '0\r\n\r\n',
  'ffffffffff',
  'Content-Length: 5\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Expect: 100-continue\r\n',
  'Host: b\r\n',
  ' folded\r\n',
  'HTTP/1.1',
  'HTTP/1.0 ',
  'HTTP/1.1 100 Continue\r\n\r\n',
  ' 204 ',
  ' 304 ',
  ' 101 ',
  REQUEST,
  EMPTY_REQUEST,
].map((text) => Buffer.from(text, 'latin1'));

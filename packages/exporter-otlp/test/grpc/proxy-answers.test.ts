/** Answers as proxies give them: statuses of gRPC in what is otherwise none, and the end of a request that was not read. */
import { constants, createServer, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { jsonBatch } from '@tributary/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen, startExporter } from './backend.ts';

/** Larger than what may be sent before the server reads. */
const large = jsonBatch({
  resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'x'.repeat(1_000_000) } }] }] }],
});

/** What becomes of a large request that is answered so, of which nothing was read. */
async function failureFor(respond: (stream: ServerHttp2Stream) => void): Promise<unknown> {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    respond(stream);
  });
  const endpoint = await listen(server);
  const { exporter } = await startExporter({ endpoint });
  onTestFinished(async () => {
    await exporter.shutdown?.();
    server.close();
  });
  try {
    await exporter.consume(large);
    return 'accepted';
  } catch (error) {
    const { name, message } = error as Error;
    return [name, message.replace(endpoint, 'proxy')];
  }
}

const unavailable = (found: string): unknown => [
  'RetryableError',
  `otlp_grpc: proxy does not take data now (${found}).`,
];
const refused = (found: string, advice = 'The data is not sent again.'): unknown => [
  'PermanentError',
  `otlp_grpc: proxy refused the data (${found}). ${advice}`,
];
const noAnswer = (found: string): unknown => [
  'RetryableError',
  `otlp_grpc: proxy gave no answer of OTLP (${found}). Check that "endpoint" is an OTLP receiver for gRPC.`,
];

describe('the status of gRPC counts, not that of HTTP,', () => {
  it.for<[string, OutgoingHttpHeaders, body: string | undefined, unknown]>([
    [
      'without a content type',
      { ':status': 204, 'grpc-status': '14', 'grpc-message': 'no backend' },
      undefined,
      unavailable('UNAVAILABLE: no backend'),
    ],
    [
      'beside a web page',
      { ':status': 502, 'content-type': 'text/html', 'grpc-status': '14' },
      '<html>',
      unavailable('UNAVAILABLE'),
    ],
    [
      'beside a web page that says that all is well',
      { ':status': 200, 'content-type': 'text/html', 'grpc-status': '14' },
      '<html>',
      unavailable('UNAVAILABLE'),
    ],
    [
      'beside an error that would be tried again',
      { ':status': 503, 'content-type': 'application/grpc', 'grpc-status': '7' },
      undefined,
      refused('PERMISSION_DENIED', 'Check the credentials in "headers".'),
    ],
    [
      'before a body of gRPC that never ends in trailers',
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' },
      '',
      unavailable('UNAVAILABLE'),
    ],
    [
      'but where it is no number',
      { ':status': 502, 'grpc-status': 'gone' },
      undefined,
      noAnswer('the status of the answer is no number'),
    ],
    [
      'but where it is OK and the answer none of gRPC',
      { ':status': 502, 'content-type': 'text/html', 'grpc-status': '0' },
      '<html>',
      unavailable('UNAVAILABLE: the server answered HTTP 502 Bad Gateway'),
    ],
  ])('%s', async ([, headers, body, expected]) => {
    const failure = await failureFor((stream) => {
      stream.respond(headers, { endStream: body === undefined });
      if (body !== undefined) stream.write(body);
    });
    expect(failure).toEqual(expected);
  });
});

describe('a request that was not read', () => {
  it('is refused as its answer says', async () => {
    const failure = await failureFor((stream) => {
      stream.respond({ ':status': 413, 'content-type': 'text/html' });
      stream.end('<html>', () => stream.close(constants.NGHTTP2_NO_ERROR));
    });
    expect(failure).toEqual(refused('UNKNOWN: the server answered HTTP 413 Payload Too Large'));
  });

  it.for([
    ['without an error', constants.NGHTTP2_NO_ERROR, noAnswer('the server reset the stream (NO_ERROR)')],
    [
      'as not wanted',
      constants.NGHTTP2_CANCEL,
      unavailable('CANCELLED: the server reset the stream (CANCEL)'),
    ],
    [
      'by who broke down',
      constants.NGHTTP2_INTERNAL_ERROR,
      noAnswer('the server reset the stream (INTERNAL_ERROR)'),
    ],
  ] as const)('is sent again where it was reset %s before an answer', async ([, code, expected]) => {
    expect(await failureFor((stream) => stream.close(code))).toEqual(expected);
  });
});

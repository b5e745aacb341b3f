import { encodeRpcStatus, PermanentError, RetryableError, rpcStatusToJson } from '@tributary/core';
import { describe, expect, it } from 'vitest';
import { readHttpAnswer } from '../../src/http/answer.ts';

const sent = { id: 'otlp_http', url: 'http://backend:4318/v1/logs', signal: 'logs' } as const;

interface Given {
  readonly status?: number;
  readonly body?: Uint8Array;
  readonly mediaType?: string;
  readonly retryAfter?: string;
  readonly location?: string;
}

function read({ status = 200, body = new Uint8Array(0), ...given }: Given): unknown {
  const fields: Readonly<Record<string, string | undefined>> = {
    'content-type': given.mediaType ?? 'application/x-protobuf',
    'retry-after': given.retryAfter,
    location: given.location,
  };
  try {
    return readHttpAnswer({ status, body, field: (name) => fields[name] }, sent);
  } catch (error) {
    return error;
  }
}

const text = (body: string): Uint8Array => Buffer.from(body);

describe('a 2xx answer', () => {
  it.each([
    ['is empty', {}],
    ['has no content', { status: 204, mediaType: '' }],
    ['is accepted', { status: 202, mediaType: 'text/html' }],
    ['is a partial success that says nothing', { body: Uint8Array.of(0x0a, 0) }],
    ['is an empty JSON object', { mediaType: 'application/json', body: text('{}') }],
    [
      'is JSON null of partial success',
      { mediaType: 'application/json', body: text('{"partialSuccess":null}') },
    ],
    ['is white space in JSON', { mediaType: 'application/json', body: text('\n') }],
    ['is plain text', { mediaType: 'text/plain', body: text('ok') }],
    [
      'has fields that are not known',
      { body: Uint8Array.of(0x10, 1, 0x1d, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0) },
    ],
  ])('that %s is a full success', (_, answer) => {
    expect(read(answer)).toBeUndefined();
  });

  it.each([
    ['protobuf', 'application/x-protobuf', Uint8Array.of(0x0a, 7, 0x08, 3, 0x12, 3, 0x6f, 0x6c, 0x64)],
    ['JSON', 'application/json', text('{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"old"}}')],
    [
      'JSON with a number',
      'application/json',
      text('{"partialSuccess":{"rejectedLogRecords":3,"errorMessage":"old"}}'),
    ],
  ])('with a partial success in %s says what was rejected', (_, mediaType, body) => {
    expect(read({ mediaType, body })).toEqual({ rejectedItems: 3, message: 'old' });
  });

  it('with a message alone is a warning', () => {
    expect(read({ body: Uint8Array.of(0x0a, 4, 0x12, 2, 0x68, 0x69) })).toEqual({
      rejectedItems: 0,
      message: 'hi',
    });
  });

  it('cannot reject fewer than no items', () => {
    const minusOne = Uint8Array.of(0x0a, 11, 0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
    expect(read({ body: minusOne })).toBeUndefined();
    const json = text('{"partialSuccess":{"rejectedLogRecords":-1,"errorMessage":"x"}}');
    expect(read({ mediaType: 'application/json', body: json })).toEqual({ rejectedItems: 0, message: 'x' });
  });

  it.each([
    ['a cut field', 'application/x-protobuf', Uint8Array.of(0x0a, 9, 0x08)],
    ['a varint without end', 'application/x-protobuf', Uint8Array.of(0x08, ...Array<number>(11).fill(255))],
    ['a wire type that is none', 'application/x-protobuf', text('<html>')],
    ['a cut fixed64', 'application/x-protobuf', Uint8Array.of(0x11, 1, 2)],
    ['a damaged partial success', 'application/x-protobuf', Uint8Array.of(0x0a, 2, 0x12, 9)],
    ['a field number 0', 'application/x-protobuf', Uint8Array.of(0, 0)],
    ['no JSON', 'application/json', text('<html>')],
    ['a JSON list', 'application/json', text('[]')],
    ['a partial success that is no object', 'application/json', text('{"partialSuccess":1}')],
    ['a count that is none', 'application/json', text('{"partialSuccess":{"rejectedLogRecords":"x"}}')],
    ['a message that is none', 'application/json', text('{"partialSuccess":{"errorMessage":1}}')],
    ['a web page', 'text/html', text('<html>')],
  ])('with %s acknowledges nothing', (_, mediaType, body) => {
    expect(read({ mediaType, body })).toEqual(
      new RetryableError(
        'EXPORT_UNAVAILABLE',
        `otlp_http: http://backend:4318/v1/logs answered HTTP 200 with what is no answer of OTLP (${body.length} bytes of ` +
          `${mediaType}). Check that "endpoint" is an OTLP receiver.`,
        { status: 2 },
      ),
    );
  });
});

describe('an answer with an error', () => {
  it.each([
    [429, 'Too Many Requests', 8],
    [502, 'Bad Gateway', 14],
    [503, 'Service Unavailable', 14],
    [504, 'Gateway Timeout', 14],
  ])('%d is tried again', (status, name, code) => {
    expect(read({ status })).toEqual(
      new RetryableError(
        'EXPORT_UNAVAILABLE',
        `otlp_http: http://backend:4318/v1/logs does not take data now (HTTP ${status} ${name}).`,
        { status: code },
      ),
    );
  });

  it('is tried again no sooner than Retry-After says', () => {
    expect(read({ status: 503, retryAfter: '7' })).toMatchObject({ delayMs: 7000 });
    expect(read({ status: 429, retryAfter: 'nonsense' })).toMatchObject({ delayMs: undefined });
  });

  const retryable = new Set([429, 502, 503, 504]);
  const others = Array.from({ length: 300 }, (_, index) => 300 + index).filter(
    (status) => !retryable.has(status),
  );
  it('is refused for good with every other status', () => {
    const permanent = others.filter((status) => read({ status }) instanceof PermanentError);
    expect(permanent).toEqual(others);
  });

  it.each<[Given, string]>([
    [
      { status: 400, body: encodeRpcStatus({ code: 3, message: 'bad span\nat 7' }) },
      'HTTP 400 Bad Request: bad span at 7',
    ],
    [
      {
        status: 400,
        mediaType: 'application/json',
        body: text(rpcStatusToJson({ code: 3, message: 'bad' })),
      },
      'HTTP 400 Bad Request: bad',
    ],
    [
      { status: 400, mediaType: 'application/json', body: text('{"error":"no status"}') },
      'HTTP 400 Bad Request: {"error":"no status"}',
    ],
    [{ status: 400, mediaType: 'text/plain', body: text('plain') }, 'HTTP 400 Bad Request: plain'],
    [{ status: 400, mediaType: 'text/html', body: text('<html>') }, 'HTTP 400 Bad Request'],
    [{ status: 400, body: text('<html>') }, 'HTTP 400 Bad Request'],
    [{ status: 599, mediaType: '' }, 'HTTP 599'],
    [
      { status: 400, mediaType: '', body: text('x'.repeat(600)) },
      `HTTP 400 Bad Request: ${'x'.repeat(500)}…`,
    ],
  ])('says what the backend said: %j', (answer, reason) => {
    expect((read(answer) as Error).message).toBe(
      `otlp_http: http://backend:4318/v1/logs refused the data (${reason}). The data is not sent again.`,
    );
  });

  it.each([
    [401, 'Unauthorized', 16, 'Check the credentials in "headers".'],
    [403, 'Forbidden', 7, 'Check the credentials in "headers".'],
    [404, 'Not Found', 12, 'Check "endpoint": the path of the signal (/v1/logs) is appended to it.'],
    [413, 'Payload Too Large', 2, 'Send smaller batches, or let sending_queue::batch::max_size split them.'],
    [415, 'Unsupported Media Type', 2, 'Try another "encoding" or "compression".'],
  ])('%d says what to do', (status, name, code, advice) => {
    expect(read({ status })).toEqual(
      new PermanentError(
        'EXPORT_REFUSED',
        `otlp_http: http://backend:4318/v1/logs refused the data (HTTP ${status} ${name}). ${advice}`,
        { status: code },
      ),
    );
  });

  it('that redirects names the place and is not followed', () => {
    expect(read({ status: 308, location: 'https://other/v1/logs' })).toEqual(
      new PermanentError(
        'EXPORT_REFUSED',
        'otlp_http: http://backend:4318/v1/logs redirects to "https://other/v1/logs" (HTTP 308 Permanent Redirect), which ' +
          'is not followed. Set that address if it is right.',
        { status: 2 },
      ),
    );
  });
});

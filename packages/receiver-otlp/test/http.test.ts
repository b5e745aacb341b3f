import { PermanentError, RetryableError, RPC_CODES, type Signal } from '@tributary/core';
import { batchJson, numberedBatch, refuse } from '@tributary/testkit';
import { describe, expect, it } from 'vitest';
import { JSON_TYPE, refusal, shown } from './http-answer.ts';
import { send, startReceiver } from './start-receiver.ts';

const LOGS = numberedBatch('logs', [1, 2]);

describe('data', () => {
  it.each<Signal>(['traces', 'metrics', 'logs'])('of %s is taken in protobuf and in JSON', async (signal) => {
    const { post, sink } = await startReceiver({ grpc: null });
    const batch = numberedBatch(signal, [1, 2, 3]);
    expect(shown(await post(`/v1/${signal}`, batch.toBytes()))).toEqual({
      status: 200,
      type: 'application/x-protobuf',
      content: '',
    });
    expect(shown(await post(`/v1/${signal}`, batch.toJson(), JSON_TYPE))).toEqual({
      status: 200,
      type: 'application/json',
      content: '{}',
    });
    expect(sink.batches.map(batchJson)).toEqual([batchJson(batch), batchJson(batch)]);
    expect(sink.batches.map(({ meta }) => meta)).toEqual(
      Array.from({ length: 2 }, () => ({ transport: 'http', peerAddress: '127.0.0.1' })),
    );
  });

  it('is taken with parameters of the content type, whatever its case, and with a query', async () => {
    const { post, sink } = await startReceiver({ grpc: null });
    const types = [
      'application/x-protobuf; charset=utf-8',
      'Application/X-Protobuf',
      ' application/x-protobuf ;a=b',
    ];
    const statuses = [];
    for (const type of types) {
      statuses.push((await post('/v1/logs?tenant=a', LOGS.toBytes(), { 'content-type': type })).status);
    }
    expect([statuses, sink.itemCount]).toEqual([[200, 200, 200], 6]);
  });

  it('is taken where the paths are configured', async () => {
    const { post, sink } = await startReceiver({ grpc: null, http: { logs_url_path: 'log/ingest' } });
    const statuses = [];
    for (const path of ['/log/ingest', '/v1/logs', '/log/ingest/']) {
      statuses.push((await post(path, LOGS.toBytes())).status);
    }
    expect([statuses, sink.itemCount]).toEqual([[200, 404, 404], 2]);
  });

  it('that is empty is a success and goes no further', async () => {
    const { post, sink } = await startReceiver({ grpc: null });
    const groups = numberedBatch('logs', []).toBytes();
    const answers = [
      await post('/v1/logs', ''),
      await post('/v1/logs', groups),
      await post('/v1/logs', '{}', JSON_TYPE),
    ];
    expect(groups.length).toBeGreaterThan(0);
    expect([answers.map(({ status }) => status), sink.batches]).toEqual([[200, 200, 200], []]);
  });

  it('carries the headers along where include_metadata says so', async () => {
    const { post, sink, httpPort } = await startReceiver({ grpc: null, http: { include_metadata: true } });
    await post('/v1/logs', LOGS.toBytes(), { 'Content-Type': 'application/x-protobuf', 'X-Tenant': 'a' });
    expect(Object.fromEntries(sink.batches[0]!.meta.metadata!)).toEqual({
      'content-type': ['application/x-protobuf'],
      'x-tenant': ['a'],
      host: [`127.0.0.1:${httpPort}`],
      connection: ['keep-alive'],
      'content-length': [String(LOGS.byteLength)],
    });
  });

  it('carries long headers along as well, each time', async () => {
    const { post, sink } = await startReceiver({ grpc: null, http: { include_metadata: true } });
    const headers = { 'content-type': 'application/x-protobuf', 'x-token': 'a'.repeat(8000) };
    for (let count = 0; count < 2; count += 1) await post('/v1/logs', LOGS.toBytes(), headers);
    const tokens = sink.batches.map(({ meta }) => meta.metadata?.get('x-token'));
    expect(tokens).toEqual([[headers['x-token']], [headers['x-token']]]);
  });

  it('is answered only when the pipeline has settled', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let isAnswered = false;
    const { post } = await startReceiver({ grpc: null, consumer: { consume: () => promise } });
    const answer = post('/v1/logs', LOGS.toBytes()).then(({ status }) => {
      isAnswered = true;
      return status;
    });
    await new Promise((done) => setTimeout(done, 50));
    expect(isAnswered).toBe(false);
    resolve();
    expect(await answer).toBe(200);
  });
});

describe('a request that is not OTLP', () => {
  it('is refused with the offset, in the encoding that it has', async () => {
    const { post, settings } = await startReceiver({ grpc: null });
    const bytes = LOGS.toBytes();
    const proto = await post('/v1/logs', bytes.subarray(0, bytes.length - 1));
    const json = await post('/v1/logs', '{"resourceLogs": 1}', JSON_TYPE);
    expect([proto.status, proto.headers['content-type'], json.status, json.headers['content-type']]).toEqual([
      400,
      'application/x-protobuf',
      400,
      'application/json',
    ]);
    // google.rpc.Status: field 1 is the code, field 2 the text.
    expect([proto.body[0], proto.body[1], proto.body[2]]).toEqual([0x08, RPC_CODES.INVALID_ARGUMENT, 0x12]);
    expect(proto.body.toString()).toMatch(
      /OTLP logs request: byte \d+, in ExportLogsServiceRequest.*: expected/,
    );
    const { code, message } = JSON.parse(json.body.toString());
    expect([code, message]).toEqual([
      RPC_CODES.INVALID_ARGUMENT,
      'OTLP/JSON logs request: resourceLogs: expected an array (found the number 1 at byte 17).',
    ]);
    expect(settings.registry.snapshot()).toEqual({
      'otelcol_receiver_otlp_refused_requests{reason="malformed",receiver="otlp",transport="http"}': 2,
    });
  });

  it.each<[name: string, method: string, path: string, type: string, status: number, text: string]>([
    [
      'another method',
      'GET',
      '/v1/logs',
      'application/json',
      405,
      '405 method not allowed, supported: [POST]',
    ],
    [
      'no content type',
      'POST',
      '/v1/logs',
      '',
      415,
      '415 unsupported media type, supported: [application/json, application/x-protobuf]',
    ],
    [
      'another content type',
      'POST',
      '/v1/logs',
      'text/json',
      415,
      '415 unsupported media type, supported: [application/json, application/x-protobuf]',
    ],
    ['another path', 'POST', '/v1/log', 'application/json', 404, '404 page not found\n'],
    ['no path', 'POST', '/', 'application/json', 404, '404 page not found\n'],
  ])('with %s', async (_name, method, path, type, status, text) => {
    const { httpPort } = await startReceiver({ grpc: null });
    const answer = await send(
      httpPort,
      method,
      path,
      type === '' ? {} : { 'content-type': type },
      method === 'GET' ? '' : '{}',
    );
    expect([answer.status, answer.body.toString(), answer.headers['content-type']]).toEqual([
      status,
      text,
      expect.stringMatching(/^text\/plain/),
    ]);
    expect(answer.headers['allow']).toBe(status === 405 ? 'POST' : undefined);
  });

  it('of a signal that no pipeline takes', async () => {
    const { post } = await startReceiver({ grpc: null, signals: ['logs'] });
    const statuses = [];
    for (const signal of ['logs', 'traces', 'metrics'] as const) {
      statuses.push((await post(`/v1/${signal}`, numberedBatch(signal, [1]).toBytes())).status);
    }
    expect(statuses).toEqual([200, 404, 404]);
  });
});

describe('what the pipeline does not take', () => {
  const RETRY = 'type.googleapis.com/google.rpc.RetryInfo';

  it.each<[name: string, error: Error, expected: unknown]>([
    ['for good', new PermanentError('EXPORT_REFUSED', 'never'), refusal(500, RPC_CODES.INTERNAL, 'never')],
    [
      'for good, with a status',
      new PermanentError('EXPORT_REFUSED', 'bad', { status: RPC_CODES.INVALID_ARGUMENT }),
      refusal(400, RPC_CODES.INVALID_ARGUMENT, 'bad'),
    ],
    [
      'for good, without credentials',
      new PermanentError('EXPORT_REFUSED', 'who?', { status: RPC_CODES.UNAUTHENTICATED }),
      refusal(401, RPC_CODES.UNAUTHENTICATED, 'who?'),
    ],
    [
      'for good, without permission',
      new PermanentError('EXPORT_REFUSED', 'no', { status: RPC_CODES.PERMISSION_DENIED }),
      refusal(403, RPC_CODES.PERMISSION_DENIED, 'no'),
    ],
    [
      'for good, not implemented',
      new PermanentError('EXPORT_REFUSED', 'no', { status: RPC_CODES.UNIMPLEMENTED }),
      refusal(404, RPC_CODES.UNIMPLEMENTED, 'no'),
    ],
    [
      'for good, though its status says otherwise',
      new PermanentError('EXPORT_REFUSED', 'never', { status: RPC_CODES.UNAVAILABLE }),
      refusal(500, RPC_CODES.INTERNAL, 'never'),
    ],
    [
      'for good, as exhausted',
      new PermanentError('EXPORT_REFUSED', 'quota', { status: RPC_CODES.RESOURCE_EXHAUSTED }),
      refusal(500, RPC_CODES.RESOURCE_EXHAUSTED, 'quota'),
    ],
    [
      'for good, as too large',
      new PermanentError('OTLP_TOO_LARGE', 'big', { status: RPC_CODES.RESOURCE_EXHAUSTED }),
      refusal(413, RPC_CODES.RESOURCE_EXHAUSTED, 'big'),
    ],
    ['for now', new RetryableError('QUEUE_FULL', 'later'), refusal(503, RPC_CODES.UNAVAILABLE, 'later')],
    [
      'for now, with a status',
      new RetryableError('EXPORT_UNAVAILABLE', 'slow', { status: RPC_CODES.DEADLINE_EXCEEDED }),
      refusal(503, RPC_CODES.DEADLINE_EXCEEDED, 'slow'),
    ],
    [
      'for now, though its status says otherwise',
      new RetryableError('EXPORT_UNAVAILABLE', 'later', { status: RPC_CODES.INTERNAL }),
      refusal(503, RPC_CODES.UNAVAILABLE, 'later'),
    ],
    [
      'for now, as exhausted without a delay',
      new RetryableError('EXPORT_UNAVAILABLE', 'busy', { status: RPC_CODES.RESOURCE_EXHAUSTED }),
      refusal(503, RPC_CODES.UNAVAILABLE, 'busy'),
    ],
    ['by an error that nobody knows', new Error('oops'), refusal(503, RPC_CODES.UNAVAILABLE, 'oops')],
    [
      'for some time',
      new RetryableError('MEMORY_LIMIT', 'later', { delayMs: 1500 }),
      {
        status: 503,
        type: 'application/json',
        retryAfter: '2',
        content: JSON.stringify({
          code: 14,
          message: 'later',
          details: [{ '@type': RETRY, retryDelay: '1.5s' }],
        }),
      },
    ],
    [
      'for some time, as exhausted',
      new RetryableError('EXPORT_UNAVAILABLE', 'busy', {
        delayMs: 30_000,
        status: RPC_CODES.RESOURCE_EXHAUSTED,
      }),
      {
        status: 429,
        type: 'application/json',
        retryAfter: '30',
        content: JSON.stringify({
          code: 8,
          message: 'busy',
          details: [{ '@type': RETRY, retryDelay: '30s' }],
        }),
      },
    ],
  ])('%s', async (_name, error, expected) => {
    for (const async of [false, true]) {
      const { post } = await startReceiver({ grpc: null, consumer: refuse(error, { async }) });
      expect(shown(await post('/v1/logs', LOGS.toJson(), JSON_TYPE))).toEqual(expected);
    }
  });

  it('is said in no more than a thousand characters', async () => {
    const error = new PermanentError('EXPORT_REFUSED', `${'a'.repeat(1023)}\ud83d\ude00`);
    const { post } = await startReceiver({ grpc: null, consumer: refuse(error) });
    const { body } = await post('/v1/logs', LOGS.toJson(), JSON_TYPE);
    expect(JSON.parse(body.toString()).message).toBe(`${'a'.repeat(1023)}\ufffd`);
  });
});

describe('web pages', () => {
  const cors = { allowed_origins: ['https://*.example.com'], max_age: 7200 };
  const origin = 'https://shop.example.com';

  it('ask for leave and are told', async () => {
    const { httpPort } = await startReceiver({
      grpc: null,
      http: { cors, response_headers: { 'X-Server': 'a' } },
    });
    const asking = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    const { status, headers, body } = await send(httpPort, 'OPTIONS', '/v1/logs', asking);
    const { date, connection, 'keep-alive': keepAlive, ...rest } = headers;
    expect([status, body.length, rest]).toEqual([
      204,
      0,
      {
        'x-server': 'a',
        vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': '7200',
      },
    ]);
  });

  it('send and may read the answer', async () => {
    const { post, sink } = await startReceiver({ grpc: null, http: { cors } });
    const { status, headers } = await post('/v1/logs', LOGS.toJson(), { ...JSON_TYPE, origin });
    expect([status, headers['access-control-allow-origin'], headers['vary'], sink.itemCount]).toEqual([
      200,
      origin,
      'Origin',
      2,
    ]);
  });

  it('are let without cors by no browser', async () => {
    for (const http of [{}, { cors: { allowed_headers: ['*'] } }]) {
      const { httpPort } = await startReceiver({ grpc: null, http });
      const asking = { origin, 'access-control-request-method': 'POST' };
      const { status, headers } = await send(httpPort, 'OPTIONS', '/v1/logs', asking);
      expect([status, headers['access-control-allow-origin']]).toEqual([405, undefined]);
    }
  });
});

it('every answer has the headers of response_headers', async () => {
  const http = { response_headers: [{ name: 'X-Frame-Options', value: 'DENY' }] };
  const { post } = await startReceiver({ grpc: null, http });
  const answers = [await post('/v1/logs', ''), await post('/v1/logs', 'nonsense'), await post('/', '')];
  expect(answers.map(({ status, headers }) => [status, headers['x-frame-options']])).toEqual([
    [200, 'DENY'],
    [400, 'DENY'],
    [404, 'DENY'],
  ]);
});

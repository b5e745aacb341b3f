import fc from 'fast-check';
import { parse } from 'protobufjs';
import { describe, expect, it } from 'vitest';
import {
  decodeRpcStatus,
  encodeRpcStatus,
  parseRpcStatusJson,
  RPC_CODES,
  type RpcStatus,
  rpcCodeName,
  rpcStatusToJson,
} from '../../src/net/rpc-status.ts';

/** The published definitions: google/rpc/status.proto, google/rpc/error_details.proto, google/protobuf/{any,duration}.proto. */
const { root } = parse(`
  syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
`);
const Status = root.lookupType('Status');
const RetryInfo = root.lookupType('RetryInfo');
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

const status = fc.record(
  {
    code: fc.integer({ min: 0, max: 16 }),
    message: fc.string({ unit: 'grapheme' }),
    retryDelayMs: fc.integer({ min: 0, max: 1e9 }),
  },
  { requiredKeys: ['code', 'message'] },
);

const retryInfo = (ms: number) => ({
  typeUrl: RETRY_INFO,
  value: RetryInfo.encode({
    retryDelay: { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 },
  }).finish(),
});

describe('a status', () => {
  it('is read by protobufjs as it was written', () => {
    fc.assert(
      fc.property(status, ({ code, message, retryDelayMs }: RpcStatus) => {
        const bytes = encodeRpcStatus({
          code,
          message,
          ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
        });
        const decoded = Status.toObject(Status.decode(bytes), { arrays: true, defaults: true });
        const details = retryDelayMs === undefined ? [] : [retryInfo(retryDelayMs)];
        expect({ ...decoded, details: decoded['details'].map(normal) }).toEqual({
          code,
          message,
          details: details.map(normal),
        });
      }),
    );
  });

  it('is read as protobufjs wrote it, other details and unknown fields aside', () => {
    fc.assert(
      fc.property(status, fc.uint8Array(), ({ code, message, retryDelayMs }: RpcStatus, noise) => {
        const details = [
          { typeUrl: 'type.googleapis.com/google.rpc.DebugInfo', value: noise },
          ...(retryDelayMs === undefined ? [] : [retryInfo(retryDelayMs)]),
        ];
        const unknown = Buffer.from([0x3d, 1, 2, 3, 4, 0x41, 1, 2, 3, 4, 5, 6, 7, 8, 0x48, 5]);
        const bytes = Buffer.concat([Status.encode({ code, message, details }).finish(), unknown]);
        expect(decodeRpcStatus(bytes)).toEqual({
          code,
          message,
          ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
        });
      }),
    );
  });

  it('survives the way through JSON', () => {
    fc.assert(
      fc.property(status, (one) => {
        expect(parseRpcStatusJson(rpcStatusToJson(one as RpcStatus))).toEqual(one);
      }),
    );
  });

  it('is written as protobuf JSON', () => {
    const json = rpcStatusToJson({ code: RPC_CODES.UNAVAILABLE, message: 'later', retryDelayMs: 1500 });
    expect(JSON.parse(json)).toEqual({
      code: 14,
      message: 'later',
      details: [{ '@type': RETRY_INFO, retryDelay: '1.5s' }],
    });
  });
});

describe('what is not a status', () => {
  it('is undefined, never an exception, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeRpcStatus(bytes)));
    const broken = [[0x12, 5, 1], [0x0f], [0x08], [0x08, ...new Array<number>(11).fill(0xff)]];
    expect(broken.map((bytes) => decodeRpcStatus(Uint8Array.from(bytes)))).toEqual(
      broken.map(() => undefined),
    );
  });

  it.each(['', '[]', 'null', '"text"', '{', '12'])('%s is none', (text) => {
    expect(parseRpcStatusJson(text)).toBeUndefined();
  });

  it('gives no delay that is not one', () => {
    const details = [null, 1, { '@type': RETRY_INFO, retryDelay: '-1s' }];
    expect(parseRpcStatusJson(JSON.stringify({ code: 'x', message: 1, details }))).toEqual({
      code: 0,
      message: '',
    });
  });
});

it('codes have names', () => {
  expect([0, 8, 16, 17, -1].map(rpcCodeName)).toEqual([
    'OK',
    'RESOURCE_EXHAUSTED',
    'UNAUTHENTICATED',
    'CODE_17',
    'CODE_-1',
  ]);
});

function normal(any: { typeUrl: string; value: Uint8Array }): unknown {
  return { typeUrl: any.typeUrl, value: Buffer.from(any.value).toString('hex') };
}

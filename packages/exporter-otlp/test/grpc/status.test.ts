import { PermanentError, RetryableError, RPC_CODES, rpcCodeName } from '@tributary/core';
import { GrpcError } from '@tributary/grpc';
import { describe, expect, it } from 'vitest';
import { readGrpcAnswer, toPipelineError } from '../../src/grpc/status.ts';

const translate = (code: number, retryDelayMs?: number): PermanentError | RetryableError =>
  toPipelineError(
    new GrpcError({ code, message: 'own\nwords', ...(retryDelayMs === undefined ? {} : { retryDelayMs }) }),
    'otlp_grpc',
    'backend:4317',
  );

describe('a status of gRPC', () => {
  const retryable = ['CANCELLED', 'DEADLINE_EXCEEDED', 'ABORTED', 'OUT_OF_RANGE', 'UNAVAILABLE', 'DATA_LOSS'];

  it.each(Object.entries(RPC_CODES).filter(([name]) => name !== 'OK'))(
    '%s (%d) is as OTLP has it',
    (name, code) => {
      const error = translate(code);
      expect([error instanceof RetryableError, error.status]).toEqual([retryable.includes(name), code]);
    },
  );

  it('that is tried again is told from one that is refused', () => {
    expect(translate(14).message).toBe(
      'otlp_grpc: backend:4317 does not take data now (UNAVAILABLE: own words).',
    );
    expect(translate(3).message).toBe(
      'otlp_grpc: backend:4317 refused the data (INVALID_ARGUMENT: own words). The data is not sent again.',
    );
  });

  it.each([
    [RPC_CODES.UNAUTHENTICATED, 'Check the credentials in "headers".'],
    [RPC_CODES.PERMISSION_DENIED, 'Check the credentials in "headers".'],
    [RPC_CODES.UNIMPLEMENTED, 'Check that "endpoint" is an OTLP receiver for gRPC that takes this signal.'],
    [RPC_CODES.RESOURCE_EXHAUSTED, 'Send smaller batches, or let sending_queue::batch::max_size split them.'],
  ])('%d says what to do', (code, advice) => {
    expect(translate(code).message).toBe(
      `otlp_grpc: backend:4317 refused the data (${rpcCodeName(code)}: own words). ${advice}`,
    );
  });

  it('RESOURCE_EXHAUSTED is tried again only with RetryInfo, no sooner than that says', () => {
    expect(translate(8)).toBeInstanceOf(PermanentError);
    expect(translate(8, 1500)).toMatchObject({ name: 'RetryableError', delayMs: 1500, status: 8 });
    expect(translate(8, 0)).toMatchObject({ name: 'RetryableError', delayMs: 0 });
  });

  it('RetryInfo does not make a refusal retryable', () => {
    expect(translate(3, 1500)).toBeInstanceOf(PermanentError);
  });

  it('that gRPC does not know is refused', () => {
    expect(translate(99).message).toBe(
      'otlp_grpc: backend:4317 refused the data (CODE_99: own words). The data is not sent again.',
    );
  });
});

describe('an answer of gRPC', () => {
  it('may be empty', () => {
    expect(readGrpcAnswer(new Uint8Array(0), 'otlp_grpc', 'backend:4317')).toBeUndefined();
  });

  it('may take a part', () => {
    const partial = Uint8Array.of(0x0a, 7, 0x08, 3, 0x12, 3, 0x6f, 0x6c, 0x64);
    expect(readGrpcAnswer(partial, 'otlp_grpc', 'backend:4317')).toEqual({
      rejectedItems: 3,
      message: 'old',
    });
  });

  it('acknowledges nothing where it is none', () => {
    expect(() => readGrpcAnswer(Buffer.from('<html>'), 'otlp_grpc', 'backend:4317')).toThrow(
      new RetryableError(
        'EXPORT_UNAVAILABLE',
        'otlp_grpc: backend:4317 gave no answer of OTLP (6 bytes that are no export response). Check that "endpoint" is ' +
          'an OTLP receiver for gRPC.',
        { status: 2 },
      ),
    );
  });
});

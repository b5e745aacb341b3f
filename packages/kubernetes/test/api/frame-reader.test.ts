import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader } from '../../src/api/frame-reader.ts';
import { MAX_OBJECT_BYTES } from '../../src/api/limits.ts';
import { endsInitialEvents, readStatus, resourceVersionOf } from '../../src/api/object-meta.ts';
import { MalformedError } from '../../src/wire/field-reader.ts';
import { bookmark, encode, frame, nameOf, object } from './wire-forms.ts';

function read(bytes: Buffer, cuts: readonly number[] = []) {
  const events: string[] = [];
  const reader = new FrameReader((type, kind, taken) => events.push(`${type} ${kind} ${nameOf(taken)}`));
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const to of places) {
    reader.push(bytes.subarray(from, to));
    from = to;
  }
  return { events, isWithinFrame: reader.isWithinFrame };
}

describe('FrameReader', () => {
  test('gives the events in their order, wherever they are cut', () => {
    const type = fc.constantFrom('ADDED', 'MODIFIED', 'DELETED');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(type, fc.string())),
        fc.array(fc.nat(), { maxLength: 30 }),
        (events, cuts) => {
          const bytes = Buffer.concat(events.map(([of, name]) => frame(of, 'Pod', object(name, '1'))));
          const expected = events.map(([of, name]) => `${of} Pod ${name}`);
          expect(read(bytes, cuts)).toEqual({ events: expected, isWithinFrame: false });
        },
      ),
    );
  });

  test('knows that a frame has not ended', () => {
    const bytes = frame('ADDED', 'Pod', object('a', '1'));
    for (let length = 1; length < bytes.length; length++) {
      expect(read(bytes.subarray(0, length))).toEqual({ events: [], isWithinFrame: true });
    }
  });

  test.for([
    [
      'whose length is absurd',
      Buffer.from('<!DOCTYPE html>'),
      `an event has ${0x3c21444f} bytes, more than ${MAX_OBJECT_BYTES}`,
    ],
    [
      'without an object',
      framed(encode('WatchEvent', { type: 'ADDED' })),
      'an object does not begin with "k8s"',
    ],
    [
      'whose object is JSON',
      framed(encode('WatchEvent', { type: 'ADDED', object: { raw: Buffer.from('{"kind":"Pod"}') } })),
      'an object does not begin with "k8s"',
    ],
    ['that is no message', framed(Buffer.from([0x0a, 0x7f, 1])), 'a length beyond the end of its message'],
  ] as const)('refuses an event %s', ([, bytes, message]) => {
    expect(() => read(bytes)).toThrow(new MalformedError(message));
  });

  test('never does anything else than give or refuse, whatever comes', () => {
    const good = Buffer.concat([frame('ADDED', 'Pod', object('a', '1')), bookmark('Pod', '7', true)]);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 6 }), (at, noise) => {
        const bytes = Buffer.concat([good.subarray(0, at), noise, good.subarray(at + noise.length)]);
        const reader = new FrameReader((_type, _kind, taken) => {
          resourceVersionOf(taken);
          endsInitialEvents(taken);
          readStatus(taken);
        });
        try {
          reader.push(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('what a watch reads of an object', () => {
  test('is its version', () => {
    expect(resourceVersionOf(object('a', '123456', 'payload'))).toBe('123456');
    expect(resourceVersionOf(Buffer.alloc(0))).toBe('');
  });

  test('is whether a bookmark ends the list', () => {
    const withAnnotations = (annotations: object) =>
      endsInitialEvents(encode('Object', { metadata: { resourceVersion: '1', annotations } }));
    expect(withAnnotations({ other: 'true', 'k8s.io/initial-events-end': 'true' })).toBe(true);
    expect(withAnnotations({ 'k8s.io/initial-events-end': 'false' })).toBe(false);
    expect(withAnnotations({})).toBe(false);
  });

  test('is all of a Status that decides what is done next', () => {
    const status = {
      status: 'Failure',
      message: 'too many',
      reason: 'TooManyRequests',
      code: 429,
      details: { name: 'x', retryAfterSeconds: 3, causes: [{ reason: 'ResourceVersionTooLarge' }] },
    };
    expect(readStatus(encode('Status', status))).toEqual({
      code: 429,
      reason: 'TooManyRequests',
      message: 'too many',
      causes: ['ResourceVersionTooLarge'],
      retryAfterSeconds: 3,
    });
  });
});

function framed(event: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

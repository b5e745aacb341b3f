import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_OBJECT_BYTES } from '../../src/api/limits.ts';
import { ListReader } from '../../src/api/list-reader.ts';
import { MalformedError } from '../../src/wire/field-reader.ts';
import { encode, envelope, list, nameOf } from './wire-forms.ts';

/** Hands the bytes over in pieces that end at the given places. */
function read(bytes: Buffer, cuts: readonly number[] = []) {
  const names: string[] = [];
  const reader = new ListReader('PodList', (object) => names.push(nameOf(object)));
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const to of places) {
    reader.push(bytes.subarray(from, to));
    from = to;
  }
  reader.finish();
  return { names, version: reader.resourceVersion, continues: reader.continueToken, items: reader.items };
}

describe('ListReader', () => {
  test('gives the objects, the version and the token of the next page, wherever the answer is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        (names, cuts) => {
          const bytes = list('PodList', names, { resourceVersion: '42', continue: 'next', selfLink: 'x' });
          const expected = { names, version: '42', continues: 'next', items: names.length };
          expect(read(bytes, cuts)).toEqual(expected);
        },
      ),
    );
  });

  test('gives objects that are larger than what arrives at once', () => {
    const name = 'n'.repeat(700_000);
    const bytes = list('PodList', [name, 'small', name], { resourceVersion: '1' });
    const cuts = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) => index * 65_536);
    expect(read(bytes, cuts).names).toEqual([name, 'small', name]);
  });

  test('refuses every list that is cut off', () => {
    const bytes = list('PodList', ['a', 'b'], { resourceVersion: '42' });
    // The last two fields of the envelope are beyond the list: contentType, which is empty here, is two bytes.
    for (let length = 0; length < bytes.length - 2; length++) {
      expect(() => read(bytes.subarray(0, length)), String(length)).toThrow(MalformedError);
    }
  });

  test.for([
    ['is HTML', Buffer.from('<!DOCTYPE html><html>'), 'the list does not begin with "k8s"'],
    ['is another kind', list('Table', ['a'], {}), 'the answer is a Table, not a PodList'],
    [
      'does not say its kind',
      Buffer.concat([Buffer.from('k8s\0'), encode('Unknown', { raw: Buffer.alloc(3) })]),
      'the answer does not say what it is',
    ],
    [
      'has an item that goes beyond it',
      envelope('PodList', Buffer.from([0x12, 0x40, 1, 2])),
      'an item goes beyond its list',
    ],
  ] as const)('refuses an answer that %s', ([, bytes, message]) => {
    expect(() => read(bytes)).toThrow(new MalformedError(message));
  });

  test('refuses an object that is larger than any', () => {
    const length = MAX_OBJECT_BYTES + 1;
    const item = Buffer.concat([Buffer.from([0x12]), varint(length)]);
    const raw = Buffer.concat([Buffer.from([0x12]), varint(length + item.length)]);
    const head = Buffer.concat([Buffer.from('k8s\0'), encode('Unknown', { typeMeta: { kind: 'PodList' } })]);
    expect(() => read(Buffer.concat([head, raw, item]))).toThrow(
      new MalformedError(`an object has ${length} bytes, more than ${MAX_OBJECT_BYTES}`),
    );
  });

  test('never ends otherwise than whole or refused, whatever comes', () => {
    const good = list('PodList', ['alpha', 'beta'], { resourceVersion: '9' });
    const damaged = fc
      .tuple(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 6 }))
      .map(([at, bytes]) => Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + bytes.length)]));
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 }).map(Buffer.from)), (bytes) => {
        const reader = new ListReader('PodList', () => {});
        try {
          reader.push(bytes);
          reader.finish();
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

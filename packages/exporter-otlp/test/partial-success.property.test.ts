import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, readJsonAnswer, readProtoAnswer } from '../src/partial-success.ts';

/** Whatever came, it is either no answer or says how many items, not fewer than none, were rejected. */
function expectAnswer(answer: Answer): void {
  if (answer === 'nonsense' || answer.result === undefined) return;
  const { rejectedItems, message } = answer.result;
  expect(Number.isInteger(rejectedItems) && rejectedItems >= 0).toBe(true);
  expect(typeof message).toBe('string');
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

describe('answers from outside', () => {
  it('never throw, as random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => expectAnswer(readProtoAnswer(bytes))),
      {
        numRuns: 2000,
      },
    );
  });

  it('never throw, as random JSON', () => {
    const partial = fc.record(
      { rejectedSpans: fc.jsonValue(), errorMessage: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ partialSuccess: fc.oneof(partial, fc.jsonValue()) }).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (json) => expectAnswer(readJsonAnswer(json, 'traces'))),
      { numRuns: 2000 },
    );
  });

  it('are read as they were written, in both encodings', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }), fc.string(), (rejected, message) => {
        const text = Buffer.from(message);
        const partial = [0x08, ...varint(rejected), 0x12, ...varint(BigInt(text.length)), ...text];
        const proto = Uint8Array.from([0x0a, ...varint(BigInt(partial.length)), ...partial]);
        const json = JSON.stringify({
          partialSuccess: { rejectedSpans: String(rejected), errorMessage: message },
        });
        const expected = { result: { rejectedItems: Number(rejected), message: text.toString() } };
        expect(readProtoAnswer(proto)).toEqual(expected);
        expect(readJsonAnswer(json, 'traces')).toEqual({
          result: { rejectedItems: Number(rejected), message },
        });
      }),
    );
  });
});

/**
 * The UTF-8 check over requests of some hundred kilobytes, which it sees through a window: strings at its borders, next to
 * bytes that are no text, damaged at their start, middle and end.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Batch, PermanentError } from '../../src/index.ts';
import { encodeMessy, type Mess } from './arbitrary-wire.ts';
import { decode, type Plain, requestType, runs } from './oracle.ts';
import { countItems } from './oracle-view.ts';
import { inPieces } from './pieces.ts';

/** What the damaged strings are made of; so many of it in a row are nowhere else. */
const FILL = 0x7e;
const FILLED = 12;

/** Bytes that begin, continue and break sequences. */
const DAMAGING = [
  0x7e, 0x80, 0x82, 0x90, 0x9f, 0xa0, 0xac, 0xbf, 0xc0, 0xc3, 0xe0, 0xe2, 0xed, 0xf0, 0xf4, 0xf5, 0xff,
];

/** A request of log records whose strings are filled, and whose ids, values and unknown fields are not text. */
function request(firstBody: number, mess: Mess): Uint8Array {
  const fill = '~'.repeat(FILLED);
  const texts = [fill, `${fill}€`, `😀${fill}`, `${fill}${'ä'.repeat(70)}`, `${'x'.repeat(300)}${fill}`];
  const text = (index: number) => texts[index % texts.length]!;
  const logRecords = Array.from({ length: 400 }, (_, index): Plain => {
    const noise = Uint8Array.from({ length: 16 }, (_byte, at) => 0x80 + ((index * 31 + at * 7) % 128));
    return {
      timeUnixNano: (BigInt(index) * 0x9e37_79b9_7f4a_7c15n) & 0xffff_ffff_ffff_ffffn,
      severityText: text(index),
      body: { stringValue: index === 0 ? '~'.repeat(firstBody) : text(index + 1) },
      attributes: [
        { key: text(index + 2), value: { stringValue: text(index + 3) } },
        { key: 'bytes', value: { bytesValue: noise } },
        { key: fill, value: { intValue: -BigInt(index) } },
        { key: fill, value: { doubleValue: -index / 3 } },
        { key: fill, value: { arrayValue: { values: [{ stringValue: fill }, { boolValue: true }] } } },
      ],
      flags: 0xffff_fff0 - index,
      traceId: noise,
      spanId: noise.slice(8),
    };
  });
  return encodeMessy(requestType('logs'), { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }, mess);
}

/** Where strings of the filling begin and end. */
function filledRuns(bytes: Uint8Array): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (let start = 0; start < bytes.length; start++) {
    let end = start;
    while (bytes[end] === FILL) end++;
    if (end - start >= FILLED) found.push({ start, end });
    start = end;
  }
  return found;
}

function refusal(bytes: Uint8Array): PermanentError {
  try {
    Batch.decode('logs', inPieces(bytes, 50_000));
  } catch (error) {
    if (error instanceof PermanentError) return error;
    throw error;
  }
  throw new Error('the request was let through');
}

test('damaged text in large requests is refused exactly where protobufjs refuses it', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const mess = fc.record({
    seed: fc.nat(),
    shuffle: fc.boolean(),
    split: fc.constant(false),
    repeat: fc.constant(false),
    unknown: fc.boolean(),
    longVarints: fc.boolean(),
  });
  const damage = fc.record({
    run: share,
    place: fc.constantFrom('start' as const, 'middle' as const, 'end' as const),
    bytes: fc.array(fc.constantFrom(...DAMAGING), { minLength: 1, maxLength: 4 }),
  });
  const firstBody = fc.oneof(fc.integer({ min: 12, max: 300 }), fc.integer({ min: 60_000, max: 140_000 }));
  fc.assert(
    fc.property(
      firstBody,
      mess,
      fc.array(damage, { minLength: 1, maxLength: 20 }),
      (length, liberties, damages) => {
        const whole = request(length, liberties);
        expect(Batch.decode('logs', inPieces(whole, length)).itemCount).toBe(400);
        const all = filledRuns(whole);
        expect(all.length).toBeGreaterThan(1000);
        for (const { run, place, bytes } of damages) {
          const { start, end } = all[Math.floor(run * all.length)]!;
          const damaged = Uint8Array.from(whole);
          const at = { start, middle: start + 4, end: end - bytes.length }[place];
          damaged.set(bytes, at);
          let expected: Plain | undefined;
          try {
            expected = decode('logs', damaged);
          } catch {
            // protobufjs refuses it.
          }
          if (expected === undefined) {
            const { message, details } = refusal(damaged);
            expect(message).toMatch(
              /^OTLP logs request: byte \d+, in .*: expected UTF-8 \(found byte 0x..\)\. /,
            );
            expect(details['offset']).toBeGreaterThanOrEqual(at);
            expect(details['offset']).toBeLessThan(end);
          } else {
            expect(Batch.decode('logs', inPieces(damaged, length)).itemCount).toBe(
              countItems('logs', expected),
            );
          }
        }
      },
    ),
    runs(12),
  );
});

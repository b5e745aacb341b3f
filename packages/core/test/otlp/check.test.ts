import { describe, expect, test } from 'vitest';
import type { Signal } from '../../src/component/signal.ts';
import { PermanentError } from '../../src/errors.ts';
import { Batch } from '../../src/otlp/batch.ts';
import { inPieces } from './pieces.ts';
import { attribute, double, fixed32, fixed64, int, len, spans, tag, varint } from './wire-builder.ts';

const NOT_TEXT = Buffer.from([0xff]);

/** What the check says to a request, which must be the same however it is cut. */
function refusal(signal: Signal, bytes: Uint8Array): string {
  const whole = verdict(signal, bytes);
  for (const size of [1, 13, 1000, 65_536]) {
    if (bytes.length / size < 10_000) expect(verdict(signal, inPieces(bytes, size))).toBe(whole);
  }
  return whole;
}

function verdict(signal: Signal, bytes: Uint8Array | readonly Uint8Array[]): string {
  try {
    Batch.decode(signal, bytes);
  } catch (error) {
    if (error instanceof PermanentError && error.code === 'OTLP_MALFORMED') return error.message;
    throw error;
  }
  return 'taken';
}

function text(where: string, what: string): string {
  return `OTLP traces request: ${where}: expected ${what}. Send protobuf as the OTLP definitions have it.`;
}

/** An AnyValue that is an array in an array … so many times. */
function nested(levels: number): Buffer {
  let value = len(1, 'x');
  for (let level = 0; level < levels; level++) value = len(5, len(1, value));
  return value;
}

describe('a request is refused with the place and what was expected', () => {
  const request = 'ExportTraceServiceRequest';
  const span = `${request} > ResourceSpans > ScopeSpans > Span`;

  test.each<readonly [string, Uint8Array, string]>([
    [
      'that ends within a varint',
      Buffer.from([0x0a, 0x80]),
      text(`byte 1, in ${request}`, 'a varint (found the end of the message)'),
    ],
    [
      'that ends after a tag',
      Buffer.from([0x0a]),
      text(`byte 1, in ${request}`, 'a varint (found the end of the message)'),
    ],
    [
      'with a length beyond its end',
      Buffer.from([0x0a, 5, 0]),
      text(`byte 1, in ${request}`, '5 more bytes (found 1 to the end of the message)'),
    ],
    [
      'with a length beyond the message around it',
      len(1, Buffer.from([0x12, 9, 0x0a]), Buffer.alloc(3, 0x0a)),
      text(`byte 3, in ${request} > ResourceSpans`, '9 more bytes (found 4 to the end of the message)'),
    ],
    [
      'with a length of more than 32 bits',
      Buffer.concat([Buffer.from([0x0a]), varint(2n ** 34n)]),
      text(`byte 1, in ${request}`, '17179869184 more bytes (found 0 to the end of the message)'),
    ],
    [
      'with a length of six bytes',
      Buffer.concat([Buffer.from([0x0a]), varint(0, 6)]),
      text(`byte 1, in ${request}`, 'a tag or length of at most 5 bytes (found 6)'),
    ],
    [
      'with a tag of six bytes',
      Buffer.concat([varint(0x0a, 6), varint(0)]),
      text(`byte 0, in ${request}`, 'a tag or length of at most 5 bytes (found 6)'),
    ],
    [
      'with a varint of eleven bytes',
      spans(Buffer.concat([Buffer.from([0x30]), Buffer.alloc(10, 0x80), Buffer.from([1])])),
      text(`byte 7, in ${span}`, 'a varint of at most 64 bits (found more)'),
    ],
    [
      'with a varint of more than 64 bits',
      spans(Buffer.concat([Buffer.from([0x30]), Buffer.alloc(9, 0x80), Buffer.from([2])])),
      text(`byte 7, in ${span}`, 'a varint of at most 64 bits (found more)'),
    ],
    [
      'with the field number 0',
      Buffer.from([0x02, 0]),
      text(`byte 0, in ${request}`, 'a field number from 1 to 536870911 (found 0)'),
    ],
    [
      'with the field number 0 in two bytes',
      Buffer.from([0x82, 0, 0]),
      text(`byte 0, in ${request}`, 'a field number from 1 to 536870911 (found 0)'),
    ],
    [
      'with a field number that is too large',
      Buffer.concat([varint(2 ** 32), varint(0)]),
      text(`byte 0, in ${request}`, 'a field number from 1 to 536870911 (found 536870912)'),
    ],
    [
      'with a group',
      Buffer.from([0x1b, 0x1c]),
      text(`byte 0, in ${request}`, 'no group (found wire type 3)'),
    ],
    [
      'with the end of a group',
      Buffer.from([0x1c]),
      text(`byte 0, in ${request}`, 'no group (found wire type 4)'),
    ],
    [
      'with wire type 6',
      Buffer.from([0x1e]),
      text(`byte 0, in ${request}`, 'a wire type from 0 to 5 (found 6)'),
    ],
    [
      'with the wrong wire type for a known field',
      spans(int(5, 1)),
      text(`byte 6, in ${span}`, 'wire type 2 for name (found 0)'),
    ],
    [
      'with the wrong wire type for a known field above 15',
      spans(int(16, 1)),
      text(`byte 6, in ${span}`, 'wire type 5 for flags (found 0)'),
    ],
    [
      'with a time that is cut off',
      spans(fixed64(7, 1n).subarray(0, 6)),
      text(`byte 7, in ${span}`, '8 more bytes (found 5 to the end of the message)'),
    ],
    [
      'with flags that are cut off',
      spans(fixed32(16, 1).subarray(0, 4)),
      text(`byte 8, in ${span}`, '4 more bytes (found 2 to the end of the message)'),
    ],
    [
      'with a trace id of 15 bytes',
      spans(len(1, Buffer.alloc(15))),
      text(`byte 8, in ${span}`, 'a trace id of 0 or 16 bytes (found 15 bytes)'),
    ],
    [
      'with a span id of 16 bytes',
      spans(len(2, Buffer.alloc(16))),
      text(`byte 8, in ${span}`, 'a span id of 0 or 8 bytes (found 16 bytes)'),
    ],
    [
      'with a name that is not UTF-8',
      spans(len(5, 'a', NOT_TEXT)),
      text(`byte 9, in ${span}`, 'UTF-8 (found byte 0xff)'),
    ],
    [
      'with a key that is not UTF-8',
      spans(len(9, len(1, NOT_TEXT), len(2, len(1, 'v')))),
      text(`byte 10, in ${span} > KeyValue`, 'UTF-8 (found byte 0xff)'),
    ],
    [
      'with a value that is not UTF-8',
      spans(len(9, len(1, 'k'), len(2, len(1, NOT_TEXT)))),
      text(`byte 15, in ${span} > KeyValue > AnyValue`, 'UTF-8 (found byte 0xff)'),
    ],
    [
      'with a string whose last sequence goes on in the next field',
      spans(Buffer.concat([len(5, Buffer.from([0xc3])), len(3, 'x')])),
      text(`byte 8, in ${span}`, 'UTF-8 (found byte 0xc3)'),
    ],
    [
      'with several faults, of which the first counts',
      Buffer.concat([spans(len(5, NOT_TEXT)), Buffer.from([0x02])]),
      text(`byte 8, in ${span}`, 'UTF-8 (found byte 0xff)'),
    ],
  ])('%s', (_, bytes, expected) => {
    expect(refusal('traces', bytes)).toBe(expected);
  });

  test('of metrics with packed bounds that are not doubles', () => {
    const bytes = len(1, len(2, len(2, len(9, len(1, len(7, Buffer.alloc(12)))))));
    expect(refusal('metrics', bytes)).toBe(
      'OTLP metrics request: byte 12, in ExportMetricsServiceRequest > ResourceMetrics > ScopeMetrics > Metric > ' +
        'Histogram > HistogramDataPoint: expected packed values of 8 bytes each (found 12 bytes). ' +
        'Send protobuf as the OTLP definitions have it.',
    );
  });

  test('of metrics with packed counts that are cut off', () => {
    const counts = len(8, len(2, Buffer.from([1, 0x80])));
    const bytes = len(1, len(2, len(2, len(10, len(1, counts)))));
    expect(refusal('metrics', bytes)).toBe(
      'OTLP metrics request: byte 15, in ExportMetricsServiceRequest > ResourceMetrics > ScopeMetrics > Metric > ' +
        'ExponentialHistogram > ExponentialHistogramDataPoint > Buckets: expected a varint (found the end of the ' +
        'message). Send protobuf as the OTLP definitions have it.',
    );
  });

  test('and with the same facts as details', () => {
    expect(() => Batch.decode('traces', spans(int(5, 1)))).toThrow(
      expect.objectContaining({ code: 'OTLP_MALFORMED', details: { offset: 6, path: span } }),
    );
  });
});

describe('a request is taken', () => {
  test.each<readonly [string, Uint8Array]>([
    ['without a byte', new Uint8Array(0)],
    [
      'with unknown fields of every type',
      Buffer.concat([int(99, 1), fixed64(99, 1n), len(99, NOT_TEXT), fixed32(99, 1)]),
    ],
    [
      'with tags and lengths that are longer than they need to be',
      Buffer.from([0x8a, 0, 0x83, 0, 0x1a, 0x80, 0]),
    ],
    ['with ids that are absent or empty', spans(Buffer.concat([len(1), len(2), len(4)]))],
    [
      'with text in any script',
      spans(Buffer.concat([len(5, '😀 ünïcödé 日本語'), attribute(9, 'schlüssel', 'ключ')])),
    ],
    ['with bytes that are not text', spans(len(9, len(1, 'k'), len(2, len(7, NOT_TEXT))))],
    ['with a negative kind', spans(int(6, -1))],
  ])('%s', (_, bytes) => {
    expect(refusal('traces', bytes)).toBe('taken');
  });
});

describe('the depth of nesting', () => {
  // Request, ResourceSpans, ScopeSpans, Span, KeyValue, AnyValue: five messages below the request, then two a level.
  const levels = 47;

  test('of a hundred messages is allowed', () => {
    const bytes = spans(len(9, len(1, 'k'), len(2, nested(levels))));
    expect(refusal('traces', bytes)).toBe('taken');
  });

  test('of more is refused', () => {
    const bytes = spans(len(9, len(1, 'k'), len(2, nested(levels + 1))));
    expect(refusal('traces', bytes)).toMatch(/expected at most 100 messages in one another \(found more\)/);
  });

  test('of more is refused where an attribute of the usual form is the last straw', () => {
    const list = (value: Buffer) => len(6, len(1, len(1, 'k'), len(2, value)));
    let deep = len(1, 'x');
    // From the span's attribute (4 and 5), 31 lists of three messages each end at 98; one in an array at 100.
    for (let level = 0; level < 31; level++) deep = list(deep);
    const fits = spans(len(9, len(1, 'k'), len(2, len(5, len(1, deep)))));
    const tooDeep = spans(len(9, len(1, 'k'), len(2, len(5, len(1, len(5, len(1, deep)))))));
    expect(refusal('traces', fits)).toBe('taken');
    expect(refusal('traces', tooDeep)).toMatch(/expected at most 100 messages in one another \(found more\)/);
  });

  test('that is hostile costs a refusal, not the stack', () => {
    const bytes = spans(len(9, len(1, 'k'), len(2, nested(3000))));
    expect(refusal('traces', bytes)).toMatch(/expected at most 100 messages in one another \(found more\)/);
  });
});

describe('large requests, of which text is checked window by window', () => {
  const WINDOW = 64 * 1024;

  /** A span with a name that ends `before` bytes before the end of the first window. */
  function filler(before: number): Buffer {
    // Two length bytes of three and two tags for the groups, the same for the span, then the name's.
    return len(5, Buffer.alloc(WINDOW - 3 * 4 - 4 - before, 'x'));
  }

  test.each([-3, -2, -1, 0, 1, 2, 3, 4, 5, 8, 16, 40])(
    'text is found good across the end of a window (%i)',
    (before) => {
      const rest = [
        fixed64(7, 0xffff_ffff_ffff_ffffn),
        attribute(9, 'ключ', 'значение'),
        len(9, len(1, 'n'), len(2, int(3, -1))),
        len(9, len(1, 'n'), len(2, int(3, 300))),
        len(9, len(1, 'd'), len(2, double(4, -0.1))),
        len(1, Buffer.alloc(16, 0xff)),
        len(2, Buffer.alloc(8, 0xff)),
        len(99, Buffer.alloc(50, 0xff)),
        int(99, 300),
        fixed32(16, 0xffff_ffff),
        len(5, 'имя'.repeat(50)),
      ];
      for (let rotation = 0; rotation < rest.length; rotation++) {
        const rotated = [...rest.slice(rotation), ...rest.slice(0, rotation)];
        expect(refusal('traces', spans(Buffer.concat([filler(before), ...rotated])))).toBe('taken');
      }
    },
  );

  test.each([-3, -2, -1, 0, 1, 2, 3, 4, 5])('text is found bad across the end of a window (%i)', (before) => {
    const good = Buffer.concat([filler(before), attribute(9, 'key', 'é')]);
    const bytes = spans(good);
    const at = bytes.length - 2;
    expect(bytes[at]).toBe(0xc3);
    bytes[at] = 0xc1;
    expect(refusal('traces', bytes)).toContain(`byte ${at}, in`);
    expect(refusal('traces', bytes)).toContain('expected UTF-8 (found byte 0xc1)');
  });

  test.each([0, 1, WINDOW - 1, WINDOW, 3 * WINDOW])(
    'a string longer than a window is checked to its byte %i',
    (index) => {
      const name = Buffer.alloc(3 * WINDOW + 1, 'x');
      const good = spans(len(5, name));
      expect(refusal('traces', good)).toBe('taken');
      const at = good.length - name.length + index;
      good[at] = 0x80;
      expect(refusal('traces', good)).toContain(`byte ${at}, in`);
    },
  );

  test('bytes longer than a window are passed over', () => {
    const value = len(9, len(1, 'k'), len(2, len(7, Buffer.alloc(3 * WINDOW, 0xff))));
    expect(refusal('traces', spans(Buffer.concat([value, len(5, 'é')])))).toBe('taken');
    expect(refusal('traces', spans(Buffer.concat([value, len(5, NOT_TEXT)])))).toContain('expected UTF-8');
  });
});

describe('attributes of every length, most of which a quick way passes', () => {
  const lengths = [
    0, 1, 110, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 300, 16_370, 16_380, 16_384, 70_000,
  ];

  test.each(lengths)('a value of %i bytes is taken if it is text, and refused where it is not', (length) => {
    const value = Buffer.alloc(length, 'x');
    const good = spans(Buffer.concat([attribute(9, 'key', value.toString()), fixed64(7, 1n)]));
    expect(refusal('traces', good)).toBe('taken');
    if (length === 0) return;
    const at = good.lastIndexOf('x'.charCodeAt(0));
    good[at] = 0xff;
    expect(refusal('traces', good)).toBe(
      text(
        `byte ${at}, in ExportTraceServiceRequest > ResourceSpans > ScopeSpans > Span > KeyValue > AnyValue`,
        'UTF-8 (found byte 0xff)',
      ),
    );
  });

  test.each(lengths)('a value of %i bytes that claims one more is refused', (length) => {
    const cut = len(1, 'x'.repeat(length + 1)).subarray(0, -1);
    expect(refusal('traces', spans(len(9, len(1, 'key'), len(2, cut))))).toMatch(/expected \d+ more bytes/);
  });
});

test('a tag is a field number and a wire type', () => {
  expect([tag(1, 2), tag(16, 5)]).toEqual([Buffer.from([0x0a]), Buffer.from([0x85, 0x01])]);
});

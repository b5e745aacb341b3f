import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Batch, MAX_MESSAGE_DEPTH, PermanentError, SIGNALS, type Signal } from '../../src/index.ts';
import { decode, type Plain } from './oracle.ts';
import { list } from './oracle-view.ts';

const TESTDATA = join(import.meta.dirname, '../../testdata/otlp-json');

function decodeText(signal: Signal, text: string): Batch {
  return Batch.decodeJson(signal, Buffer.from(text));
}

/** The error text for a request. */
function errorOf(signal: Signal, text: string | Buffer): string {
  try {
    Batch.decodeJson(signal, Buffer.from(text));
  } catch (error) {
    if (error instanceof PermanentError && error.code === 'OTLP_MALFORMED') return error.message;
    throw error;
  }
  return 'no error';
}

/** A logs request whose one record has these members. */
function logRecord(members: string): string {
  return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${members}}]}]}]}`;
}

/** The record of such a request, as protobufjs reads it. */
function readRecord(members: string): Plain {
  const plain = decode('logs', decodeText('logs', logRecord(members)).toBytes());
  return list(list(list(plain['resourceLogs'])[0]!['scopeLogs'])[0]!['logRecords'])[0]!;
}

describe.each(SIGNALS)('a request with %s in the shape of the examples of opentelemetry-proto', (signal) => {
  const input = readFileSync(join(TESTDATA, signal, 'input.json'));
  const expected: unknown = JSON.parse(readFileSync(join(TESTDATA, signal, 'expected.json'), 'utf8'));

  test('comes out in the canonical form', () => {
    expect(JSON.parse(Batch.decodeJson(signal, input).toJson())).toStrictEqual(expected);
  });

  test('passes the edge check as protobuf, and its canonical form is the same protobuf', () => {
    const batch = Batch.decodeJson(signal, input);
    const again = decodeText(signal, Batch.decode(signal, batch.toBytes()).toJson());
    expect(decode(signal, again.toBytes())).toStrictEqual(decode(signal, batch.toBytes()));
  });
});

test('the batch keeps where it came from', () => {
  const meta = { transport: 'http' };
  expect(Batch.decodeJson('logs', Buffer.from('{}'), meta).meta).toBe(meta);
});

test('an empty object is an empty batch', () => {
  const batch = decodeText('traces', ' {} ');
  expect({ items: batch.itemCount, bytes: batch.toBytes(), json: batch.toJson() }).toStrictEqual({
    items: 0,
    bytes: new Uint8Array(0),
    json: '{}',
  });
});

test.each([
  ['"0"', 0n],
  ['"-0"', 0n],
  ['9007199254740993', 9007199254740993n],
  ['18446744073709551615', 18446744073709551615n],
  ['"18446744073709551615"', 18446744073709551615n],
  ['1.8446744073709551615e19', 18446744073709551615n],
  ['"1544712660300000123"', 1544712660300000123n],
  ['1E3', 1000n],
  ['1000e-3', 1n],
  ['0.5e1', 5n],
  ['0e99999999999999999999', 0n],
  ['"\\u0031"', 1n],
])('timeUnixNano %s is read exactly', (text, value) => {
  expect(readRecord(`"timeUnixNano":${text}`)['timeUnixNano']).toBe(value);
});

test.each([
  ['"-9223372036854775808"', -9223372036854775808n],
  ['9223372036854775807', 9223372036854775807n],
  ['-9007199254740993', -9007199254740993n],
  ['-4294967296', -4294967296n],
  ['-1', -1n],
])('intValue %s is read exactly', (text, value) => {
  expect((readRecord(`"body":{"intValue":${text}}`)['body'] as Plain)['intValue']).toBe(value);
});

test.each([
  ['-0', -0],
  ['"-0.0"', -0],
  ['"1e3"', 1000],
  ['4.9e-324', 5e-324],
  ['1e-400', 0],
  ['"NaN"', Number.NaN],
  ['"Infinity"', Number.POSITIVE_INFINITY],
  ['"-Infinity"', Number.NEGATIVE_INFINITY],
])('doubleValue %s is read', (text, value) => {
  expect((readRecord(`"body":{"doubleValue":${text}}`)['body'] as Plain)['doubleValue']).toBe(value);
});

test.each([
  ['""', []],
  ['"AA"', [0]],
  ['"AA=="', [0]],
  ['"+/8="', [0xfb, 0xff]],
  ['"-_8"', [0xfb, 0xff]],
  ['"\\u0041A"', [0]],
])('bytesValue %s is read', (text, value) => {
  expect((readRecord(`"body":{"bytesValue":${text}}`)['body'] as Plain)['bytesValue']).toStrictEqual(
    Uint8Array.from(value),
  );
});

test.each([
  ['"\\ud83d\\ude00"', '😀'],
  ['"\\ud83d"', '\ufffd'],
  ['"\\ude00\\ud83d"', '\ufffd\ufffd'],
  ['"\\ud83d\\u0041"', '\ufffdA'],
  ['"\\b\\f\\n\\r\\t\\"\\\\\\/"', '\b\f\n\r\t"\\/'],
  ['"\\u0000"', '\0'],
])('the string %s is read', (text, value) => {
  expect(readRecord(`"severityText":${text}`)['severityText']).toBe(value);
});

test('keys may be escaped', () => {
  expect(readRecord('"severity\\u0054ext":"x"')['severityText']).toBe('x');
});

const RECORD = 'OTLP/JSON logs request: resourceLogs[0].scopeLogs[0].logRecords[0]';

test.each([
  [
    '"severityNumber":"SEVERITY_NUMBER_INFO"',
    '.severityNumber: expected an integer, not the name of an enum value (found the string "SEVERITY_NUMBER_INFO" at byte 64).',
  ],
  [
    '"severityNumber":"9"',
    '.severityNumber: expected an integer, not the name of an enum value (found the string "9" at byte 64).',
  ],
  [
    '"severityNumber":1.5',
    '.severityNumber: expected an integer, not the name of an enum value (found the number 1.5 at byte 64).',
  ],
  [
    '"severityNumber":2147483648',
    '.severityNumber: expected an integer, not the name of an enum value (found the number 2147483648 at byte 64).',
  ],
  ['"severityText":1', '.severityText: expected a string (found the number 1 at byte 62).'],
  ['"severityText":{}', '.severityText: expected a string (found an object at byte 62).'],
  ['"attributes":{}', '.attributes: expected an array (found an object at byte 60).'],
  ['"attributes":[null]', '.attributes[0]: expected an object (found null at byte 61).'],
  ['"attributes":[{},[]]', '.attributes[1]: expected an object (found an array at byte 64).'],
  ['"body":"text"', '.body: expected an object (found the string "text" at byte 54).'],
  [
    '"body":{"boolValue":"true"}',
    '.body.boolValue: expected true or false (found the string "true" at byte 67).',
  ],
  [
    '"body":{"intValue":"9223372036854775808"}',
    '.body.intValue: expected a 64-bit integer, as a number or a string (found the string "9223372036854775808" at byte 66).',
  ],
  [
    '"body":{"intValue":1e99}',
    '.body.intValue: expected a 64-bit integer, as a number or a string (found the number 1e99 at byte 66).',
  ],
  [
    '"body":{"intValue":" 1"}',
    '.body.intValue: expected a 64-bit integer, as a number or a string (found the string " 1" at byte 66).',
  ],
  [
    '"body":{"intValue":"01"}',
    '.body.intValue: expected a 64-bit integer, as a number or a string (found the string "01" at byte 66).',
  ],
  ['"body":{"doubleValue":"x"}', '.body.doubleValue: expected a number (found the string "x" at byte 69).'],
  [
    '"body":{"doubleValue":1e999}',
    '.body.doubleValue: expected a number that fits a double (found the number 1e999 at byte 69).',
  ],
  [
    '"body":{"bytesValue":"A"}',
    '.body.bytesValue: expected a string in base64 (found the string "A" at byte 68).',
  ],
  [
    '"body":{"bytesValue":"A*=="}',
    '.body.bytesValue: expected a string in base64 (found the string "A*==" at byte 68).',
  ],
  [
    '"body":{"stringValue":"a","intValue":1}',
    '.body.intValue: only one of "stringValue" and "intValue" may be set (at byte 84).',
  ],
  [
    '"timeUnixNano":-1',
    '.timeUnixNano: expected an unsigned 64-bit integer, as a number or a string (found the number -1 at byte 62).',
  ],
  [
    '"timeUnixNano":18446744073709551616',
    '.timeUnixNano: expected an unsigned 64-bit integer, as a number or a string (found the number 18446744073709551616 at byte 62).',
  ],
  [
    '"flags":4294967296',
    '.flags: expected an integer from 0 to 4294967295 (found the number 4294967296 at byte 55).',
  ],
  [
    '"traceId":"5b8efff798038103d269b633813fc6"',
    '.traceId: expected a trace id of 32 hexadecimal digits (found the string "5b8efff798038103d269b633813fc6" at byte 57).',
  ],
  [
    '"spanId":"eee19b7ec3c1b17x"',
    '.spanId: expected a span id of 16 hexadecimal digits (found the string "eee19b7ec3c1b17x" at byte 56).',
  ],
  ['"eventName":"a","eventName":"b"', '.eventName: this key stands twice (again at byte 75).'],
  [
    `"severityText":[${'"long",'.repeat(20)}1]`,
    '.severityText: expected a string (found an array at byte 62).',
  ],
  [
    `"severityNumber":"${'x'.repeat(100)}"`,
    `.severityNumber: expected an integer, not the name of an enum value (found the string "${'x'.repeat(39)}… at byte 64).`,
  ],
])('%s is refused with its path, what was expected and what was found', (members, text) => {
  expect(errorOf('logs', logRecord(members))).toBe(`${RECORD}${text}`);
});

test.each([
  ['', 'byte 0: expected a value (found the end of the request).'],
  ['{', 'byte 1: expected a string (found the end of the request).'],
  ['{"a"', 'byte 4: expected ":" (found the end of the request).'],
  ['{"a":1', 'byte 6: expected "," or "}" (found the end of the request).'],
  ['{"a":1,}', 'byte 7: expected a string (found "}").'],
  ['{"a":[1 2]}', 'byte 8: expected "," or "]" (found "2").'],
  ['{a:1}', 'byte 1: expected a string (found "a").'],
  ['{"a":01}', 'byte 5: expected a value (found "0").'],
  ['{"a":1.}', 'byte 5: expected a value (found "1").'],
  ['{"a":+1}', 'byte 5: expected a value (found "+").'],
  ['{"a":nul}', 'byte 5: expected a value (found "n").'],
  ['{"a":"\n"}', 'byte 6: expected no control character in a string (found "\\n").'],
  ['{"a":"\\x"}', 'byte 6: expected an escape that JSON has (found "\\\\").'],
  ['{"a":"\\u12g4"}', 'byte 6: expected four hexadecimal digits after "\\u" (found "\\\\").'],
  ['{"a":"b', 'byte 7: expected the end of a string (found the end of the request).'],
  ['{"a":"b\\', 'byte 7: expected an escape that JSON has (found "\\\\").'],
  ['{} {}', 'byte 3: expected the end of the request (found "{").'],
  ['\ufeff{}', 'byte 0: expected a value (found "\ufeff").'],
  ['{"a":é}', 'byte 5: expected a value (found "é").'],
])('the text %j is refused with the byte where it is no JSON', (text, expected) => {
  expect(errorOf('traces', text)).toBe(`OTLP/JSON traces request: ${expected} Send valid JSON.`);
});

test('a request that is no object is refused', () => {
  expect(errorOf('metrics', '[]')).toBe(
    'OTLP/JSON metrics request: expected an object (found an array at byte 0).',
  );
});

test('bytes that are no UTF-8 are refused with their place', () => {
  const text = Buffer.from('{"resourceSpans":"\xff"}', 'latin1');
  expect(errorOf('traces', text)).toBe('OTLP/JSON traces request: byte 18: expected UTF-8. Send valid JSON.');
});

describe('a value nested in arrays', () => {
  // request > ResourceLogs > ScopeLogs > LogRecord > AnyValue: four messages below the request; each array adds two.
  const nested = (arrays: number) =>
    logRecord(`"body":${'{"arrayValue":{"values":['.repeat(arrays)}{}${']}}'.repeat(arrays)}`);
  const fitting = (MAX_MESSAGE_DEPTH - 4) / 2;

  test('may be as deep as in protobuf', () => {
    const batch = decodeText('logs', nested(fitting));
    expect(Batch.decode('logs', batch.toBytes()).toJson()).toBe(nested(fitting));
    expect(decode('logs', batch.toBytes())).toBeDefined();
  });

  test('is refused where it is deeper', () => {
    const path = `resourceLogs[0].scopeLogs[0].logRecords[0].body${'.arrayValue.values[0]'.repeat(fitting)}.arrayValue`;
    expect(errorOf('logs', nested(fitting + 1))).toBe(
      `OTLP/JSON logs request: ${path.slice(0, 100)}…${path.slice(-100)}: ` +
        `nested deeper than ${MAX_MESSAGE_DEPTH + 1} levels (at byte 1268).`,
    );
  });

  test('is refused where it is very deep, in what is not known as well', () => {
    expect(errorOf('logs', `{"unknown":${'['.repeat(1_000_000)}`)).toBe(
      `OTLP/JSON logs request: nested deeper than ${MAX_MESSAGE_DEPTH + 1} levels (at byte 111).`,
    );
  });
});

test('numbers of a million digits are refused in little time', () => {
  const zeros = '0'.repeat(1_000_000);
  expect(errorOf('logs', logRecord(`"timeUnixNano":1${zeros}1.0`))).toMatch(
    /^.*timeUnixNano: expected an unsigned/,
  );
  expect(readRecord(`"timeUnixNano":0.${zeros}1e1000001`)['timeUnixNano']).toBe(1n);
});

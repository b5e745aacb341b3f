import { describe, expect, it } from 'vitest';
import {
  DISK,
  KeyedFile,
  numberAt,
  pressureTotal,
  readBlkio,
  readIoStat,
} from '../../src/resources/parse.ts';

type Call = readonly [string, number, number];

function calls(
  read: (bytes: Buffer, length: number, visit: (...call: Call) => void) => void,
  text: string,
): Call[] {
  const seen: Call[] = [];
  const bytes = Buffer.from(text);
  read(bytes, bytes.length, (...call) => seen.push(call));
  return seen;
}

describe('numberAt', () => {
  it.each([
    ['0\n', 0],
    ['1234', 1234],
    ['9007199254740991\n', Number.MAX_SAFE_INTEGER],
    ['max\n', Number.POSITIVE_INFINITY],
    ['', Number.NaN],
    ['\n', Number.NaN],
    ['-1\n', Number.NaN],
    ['nothing', Number.NaN],
  ])('reads %j', (text, expected) => {
    expect(numberAt(Buffer.from(text), 0, text.length)).toBe(expected);
  });
});

describe('KeyedFile', () => {
  const read = (text: string): number[] => [
    ...new KeyedFile(['oom', 'oom_kill', 'max']).read(Buffer.from(text), Buffer.byteLength(text)),
  ];

  it.each([
    ['all, whatever else there is', 'low 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n', [3, 4, 2]],
    ['what there is', 'oom_kill 7', [Number.NaN, 7, Number.NaN]],
    ['nothing of nothing', '', [Number.NaN, Number.NaN, Number.NaN]],
    [
      'no key that only begins so, or has no number',
      'ooms 1\noom\nmax x\n',
      [Number.NaN, Number.NaN, Number.NaN],
    ],
    ['nothing of noise', '\n\n \u0000\u0001=\n', [Number.NaN, Number.NaN, Number.NaN]],
  ])('finds %s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('forgets what the file before had', () => {
    const file = new KeyedFile(['a']);
    file.read(Buffer.from('a 1\n'), 4);
    expect([...file.read(Buffer.from('b 1\n'), 4)]).toEqual([Number.NaN]);
  });
});

describe('pressureTotal', () => {
  it.each([
    ['the first line', 'some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 total=34\n', 12],
    ['nothing in a file without some', 'full avg10=0.00 total=34\n', Number.NaN],
    ['nothing in a line without a total', 'some avg10=0.00\nfull total=34\n', Number.NaN],
    ['nothing in nothing', '', Number.NaN],
  ])('is of %s', (_, text, expected) => {
    expect(pressureTotal(Buffer.from(text), text.length)).toBe(expected);
  });
});

describe('readIoStat', () => {
  it.each([
    [
      'each device',
      '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:16 wios=7\n',
      [
        ['8:0', DISK.readBytes, 1],
        ['8:0', DISK.writtenBytes, 2],
        ['8:0', DISK.reads, 3],
        ['8:0', DISK.writes, 4],
        ['8:16', DISK.writes, 7],
      ],
    ],
    ['a device with nothing', '8:0 \n8:16\n', []],
    ['keys that only look alike', '8:0 xrbytes=1 rbytesx=2 rbytes 3 =4\n', []],
    ['a line that is none of a device', '(unknown) rbytes=1\n:: wbytes=2\n', []],
    ['nothing', '', []],
  ])('reads %s', (_, text, expected) => {
    expect(calls(readIoStat, text)).toEqual(expected);
  });
});

describe('readBlkio', () => {
  it.each([
    [
      'each device',
      '8:0 Read 1\n8:0 Write 2\n8:0 Sync 3\n8:0 Total 3\n8:16 Write 4\nTotal 7\n',
      [
        ['8:0', 0, 1],
        ['8:0', 1, 2],
        ['8:16', 1, 4],
      ],
    ],
    ['nothing but the total', 'Total 0\n', []],
  ])('reads %s', (_, text, expected) => {
    expect(
      calls((bytes, length, visit) => readBlkio(bytes, length, { read: 0, write: 1 }, visit), text),
    ).toEqual(expected);
  });
});

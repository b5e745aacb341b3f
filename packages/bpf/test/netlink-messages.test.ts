import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNetlinkAttributes, readNetlinkMessages } from '../src/index.ts';

/** A message with this type, sequence number and payload, padded as the kernel does. */
function message(type: number, sequence: number, payload: readonly number[]): number[] {
  const bytes = new Uint8Array(Math.ceil((16 + payload.length) / 4) * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 16 + payload.length, true);
  view.setUint16(4, type, true);
  view.setUint32(8, sequence, true);
  bytes.set(payload, 16);
  return [...bytes];
}

function viewOf(bytes: readonly number[]): DataView {
  return new DataView(Uint8Array.from(bytes).buffer);
}

/** What `readNetlinkMessages` hands over of these bytes, and what it returns. */
function readAll(bytes: readonly number[], length = bytes.length): { isWhole: boolean; found: unknown[] } {
  const view = viewOf(bytes);
  const found: unknown[] = [];
  const isWhole = readNetlinkMessages(view, length, (type, sequence, begin, end) => {
    expect(begin).toBeLessThanOrEqual(end);
    expect(end).toBeLessThanOrEqual(Math.min(length, bytes.length));
    found.push([type, sequence, bytes.slice(begin, end)]);
  });
  return { isWhole, found };
}

describe('netlink messages', () => {
  it('are handed over with their payload, without what pads it', () => {
    expect(readAll([...message(20, 7, [1, 2, 3]), ...message(3, 7, [])])).toEqual({
      isWhole: true,
      found: [
        [20, 7, [1, 2, 3]],
        [3, 7, []],
      ],
    });
  });

  it('of no bytes are none', () => {
    expect(readAll([])).toEqual({ isWhole: true, found: [] });
  });

  it.each([
    ['is cut', message(20, 7, [1, 2, 3, 4]).slice(0, 18)],
    ['says it is shorter than its header', [15, ...message(20, 7, []).slice(1)]],
    ['says it is longer than what is there', [21, ...message(20, 7, [1, 2, 3, 4]).slice(1)]],
    ['says it is 4 GiB', [255, 255, 255, 255, ...message(20, 7, [1]).slice(4)]],
    ['is less than a header', [1, 2, 3]],
  ])('end at one that %s', (_, damaged) => {
    expect(readAll([...message(20, 6, [9]), ...damaged])).toEqual({ isWhole: false, found: [[20, 6, [9]]] });
  });

  it('of any bytes never reach beyond them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255)), fc.nat(300), (bytes, length) => void readAll(bytes, length)),
    );
  });

  it('that are whole are all handed over, wherever the bytes end after them', () => {
    const payloads = fc.array(fc.array(fc.nat(255), { maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(payloads, fc.nat(15), (all, rest) => {
        const bytes = all.flatMap((payload, index) => message(20, index, payload));
        expect(readAll([...bytes, ...new Array<number>(rest).fill(0)])).toEqual({
          isWhole: rest === 0,
          found: all.map((payload, index) => [20, index, payload]),
        });
      }),
    );
  });
});

describe('netlink attributes', () => {
  it('are handed over by their types, without the flags', () => {
    const view = viewOf([5, 0, 2, 0x80, 9, 0, 0, 0, 4, 0, 21, 0]);
    const found: unknown[] = [];
    expect(readNetlinkAttributes(view, 0, 12, (...attribute) => found.push(attribute))).toBe(true);
    expect(found).toEqual([
      [2, 4, 5],
      [21, 12, 12],
    ]);
  });

  it('of any bytes never reach beyond them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255)), (bytes) => {
        readNetlinkAttributes(viewOf(bytes), 0, bytes.length, (_, begin, end) => {
          expect(begin).toBeLessThanOrEqual(end);
          expect(end).toBeLessThanOrEqual(bytes.length);
        });
      }),
    );
  });
});

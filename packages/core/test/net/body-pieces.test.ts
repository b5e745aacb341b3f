import { expect, it } from 'vitest';
import { BodyPieces } from '../../src/net/body-pieces.ts';

it('pieces of any size are put together in their order', () => {
  const sizes = [
    3,
    2000,
    ...new Array<number>(3000).fill(1),
    1023,
    1024,
    0,
    ...new Array<number>(1500).fill(7),
  ];
  const pieces = new BodyPieces();
  const sent = sizes.map((size, index) => Buffer.alloc(size, index % 251));
  for (const piece of sent) pieces.push(piece);
  expect(pieces.length).toBe(sizes.reduce((sum, size) => sum + size));
  expect(pieces.join().equals(Buffer.concat(sent))).toBe(true);
  pieces.clear();
  expect([pieces.length, pieces.count, pieces.join().length]).toEqual([0, 0, 0]);
});

it('one piece is given as it came', () => {
  const pieces = new BodyPieces();
  const piece = Buffer.from('whole');
  pieces.push(piece);
  expect(pieces.join()).toBe(piece);
});

it('a million pieces of one byte do not stay a million', () => {
  const pieces = new BodyPieces();
  for (let index = 0; index < 1_000_000; index += 1) pieces.push(Buffer.of(index));
  expect(pieces.count).toBeLessThan(3000);
});

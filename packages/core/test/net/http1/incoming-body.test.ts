import { expect, it } from 'vitest';
import { memoryGate } from '../../../src/component/memory-gate.ts';
import { ChunkDecoder } from '../../../src/net/http1/chunk-decoder.ts';
import { IncomingBody } from '../../../src/net/http1/incoming-body.ts';

const LISTENER = {
  onBody: () => undefined,
  onTooLarge: () => undefined,
  onNoMemory: () => undefined,
  onAborted: () => undefined,
};

const chunk = (extension: string): Buffer => Buffer.from(`1${extension}\r\na\r\n`);

it('chunks may have extensions of 16 KiB in all', () => {
  const decoder = new ChunkDecoder(() => undefined);
  const piece = chunk(`;${'x'.repeat(127)}`);
  for (let count = 0; count < 128; count++) expect(decoder.push(piece)).toBe(piece.length);
  expect(decoder.push(piece)).toBe('malformed');
});

it('what is around chunks that are thrown away counts as thrown away', () => {
  const body = new IncomingBody();
  body.begin('chunked');
  body.discard(100);
  const piece = chunk('');
  for (let count = 0; count < 16; count++) body.push(piece);
  expect(body.isOverdrawn).toBe(false);
  body.push(piece);
  expect(body.isOverdrawn).toBe(true);
});

it('the memory that is made for a body is reserved, and released', () => {
  const before = memoryGate.reservedBytes;
  const body = new IncomingBody();
  body.begin(1_000_000);
  body.read(2_000_000, LISTENER);
  body.push(Buffer.alloc(1000));
  expect(memoryGate.reservedBytes - before).toBe(16_000);
  body.push(Buffer.alloc(15_000));
  expect(memoryGate.reservedBytes - before).toBe(16_000);
  body.push(Buffer.alloc(1));
  expect(memoryGate.reservedBytes - before).toBeGreaterThan(100_000);
  body.abort();
  expect(memoryGate.reservedBytes).toBe(before);
});

import { expect, it } from 'vitest';
import { RequestBlocks } from '../../src/client/request-blocks.ts';
import { HpackDecoder } from '../../src/hpack/decoder.ts';
import type { HeaderField } from '../../src/hpack/header-field.ts';

const CALL = {
  path: '/a.B/C',
  message: [],
  encoding: 'gzip',
  timeoutMs: 5000,
  metadata: { 'x-key': 'secret' },
} as const;

function read(decoder: HpackDecoder, block: Buffer): Record<string, string> {
  const fields: HeaderField[] = [];
  decoder.decode(block, 0, block.length, fields);
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]));
}

it('a block is made twice and then sent again, until its path, metadata or table is another', () => {
  const blocks = new RequestBlocks({ scheme: 'http', authority: 'localhost', userAgent: 'test/1' });
  const decoder = new HpackDecoder(65_536);
  const fields = {
    ':method': 'POST',
    ':path': '/a.B/C',
    ':scheme': 'http',
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'test/1',
    'grpc-accept-encoding': 'identity,gzip,zstd,snappy,deflate',
    'grpc-encoding': 'gzip',
    'grpc-timeout': '5000m',
    'x-key': 'secret',
  };
  const [first, second, third] = [blocks.blockOf(CALL), blocks.blockOf(CALL), blocks.blockOf(CALL)];
  expect([first, second, third].map(({ block }) => read(decoder, block))).toEqual([fields, fields, fields]);
  expect(third.block).toBe(second.block);
  expect(second.block.length).toBeLessThan(first.block.length / 3);
  const other = { ...CALL, metadata: { 'x-key': 'other' } };
  expect(read(decoder, blocks.blockOf(other).block)).toEqual({ ...fields, 'x-key': 'other' });
  blocks.encoder.setTableSize(0);
  expect(read(decoder, blocks.blockOf(CALL).block)).toEqual(fields);
});

it('what callers send enters no table', () => {
  const blocks = new RequestBlocks({ scheme: 'http', authority: 'localhost', userAgent: 'test/1' });
  // RFC 7541 section 6.2.3: a literal that is never indexed, with a new name.
  const { block } = blocks.blockOf({ path: '/a', message: [], metadata: { 'x-key': 'secret' } });
  const own = Buffer.from('1084f2b4a9bf', 'hex').subarray(0, 1);
  expect(block.lastIndexOf(own)).toBeGreaterThan(0);
});

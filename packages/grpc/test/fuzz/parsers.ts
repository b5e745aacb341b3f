/** What of gRPC reads bytes that others sent, without a connection around it. */
import type { FuzzTarget } from '@tributary/testkit';
import { HpackDecoder, HpackError } from '../../src/hpack/decoder.ts';
import { HpackEncoder } from '../../src/hpack/encoder.ts';
import type { HeaderField } from '../../src/hpack/header-field.ts';
import { ConnectionError } from '../../src/http2/connection-error.ts';
import { type FrameHandler, FrameReader } from '../../src/http2/frame-reader.ts';
import { SEEDS, TOKENS } from './material.ts';

const MAX_LIST_BYTES = 65_536;
const MAX_FRAME_BYTES = 16_384;
const MAX_OUTCOME = 120;

/** Header blocks, several on one connection: each begins with its length. What is read and written again means the same. */
export const hpackTarget: FuzzTarget = {
  name: 'hpack',
  seeds: SEEDS.headerBlocks,
  tokens: TOKENS,
  run(input) {
    const decoder = new HpackDecoder(MAX_LIST_BYTES);
    const encoder = new HpackEncoder();
    const again = new HpackDecoder(MAX_LIST_BYTES);
    let outcome = '';
    for (let at = 0; at < input.length; ) {
      const end = Math.min(input.length, at + 1 + (input[at] ?? 0));
      const fields: HeaderField[] = [];
      try {
        decoder.decode(input, at + 1, end, fields);
      } catch (error) {
        if (error instanceof HpackError) return `${outcome} ${error.message}`;
        throw error;
      }
      const written = encoder.encode(fields.map(({ name, value }) => ({ name, value, indexing: 'indexed' })));
      const reread: HeaderField[] = [];
      again.decode(written, 0, written.length, reread);
      expectSame(textOf(fields), textOf(reread), 'fields that were written and read again');
      outcome = `${outcome} ${fields.length} ${end - at - 1 > written.length}`.slice(-MAX_OUTCOME);
      at = end;
    }
    return outcome;
  },
};

/** Frames mean the same however they are cut. */
export const framesTarget: FuzzTarget = {
  name: 'frames',
  seeds: SEEDS.clientTraffic,
  tokens: TOKENS,
  run(input) {
    const whole = readFrames(input, [input.length]);
    expectSame(readFrames(input, cutsOf(input)), whole, 'frames in pieces');
    // Which frames there are, without their content.
    return whole.replaceAll(/ .*/g, (rest) => (rest.length > 20 ? ' long' : '')).slice(0, MAX_OUTCOME);
  },
};

/** Where an input is cut, by its own bytes; short ones now and then at each byte. */
function cutsOf(input: Buffer): readonly number[] {
  const [first = 0, second = 0] = input.subarray(-2);
  if (input.length < 200 && first % 4 === 0) return [1];
  return [1 + (first % 60), 1 + second];
}

function textOf(fields: readonly HeaderField[]): string {
  return fields.map(({ name, value }) => `${name}: ${value}\n`).join('');
}

function readFrames(input: Buffer, cuts: readonly number[]): string {
  const events: string[] = [];
  let data: Buffer[] = [];
  const handler: FrameHandler = {
    onDataBegin: (streamId, flags, length) => events.push(`data ${streamId} ${flags} ${length}`),
    onDataPiece: (chunk, start, end) => data.push(chunk.subarray(start, end)),
    onDataEnd: (streamId, flags) => {
      events.push(`end ${streamId} ${flags} ${Buffer.concat(data).toString('latin1')}`);
      data = [];
    },
    onFrame: (type, flags, streamId, payload, start, end) =>
      events.push(`frame ${type} ${flags} ${streamId} ${payload.toString('latin1', start, end)}`),
    onUnknownFrame: () => events.push('unknown'),
  };
  const reader = new FrameReader(handler, MAX_FRAME_BYTES);
  try {
    for (const piece of pieces(input, cuts)) reader.push(piece);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    events.push(error.message);
    return events.join('\n');
  }
  return `${events.join('\n')}\n${Buffer.concat(data).toString('latin1')}\n${reader.isInFrame}`;
}

function* pieces(input: Buffer, cuts: readonly number[]): Iterable<Buffer> {
  for (let at = 0, cut = 0; at < input.length; cut += 1) {
    const end = Math.min(input.length, at + Math.max(1, cuts[cut % cuts.length] ?? input.length));
    yield input.subarray(at, end);
    at = end;
  }
}

function expectSame(found: string, expected: string, what: string): void {
  if (found !== expected)
    throw new Error(`${what}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`);
}

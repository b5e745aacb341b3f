/** Good traffic to begin with, and pieces of it that mean something. */
import { gzipSync } from 'node:zlib';
import { HpackEncoder, type Indexing } from '../../src/hpack/encoder.ts';
import { FLAG, FRAME, SETTING } from '../../src/http2/protocol.ts';
import { encodeSettings } from '../../src/http2/settings.ts';
import { ANSWER_HEADERS, OK_TRAILERS, statusBlock } from '../../src/server/answers.ts';
import { frame, messageData, requestBlock, requestHeaders, uint32 } from '../http2/frames.ts';

const CANCEL = 8;

function message(bytes: Uint8Array, isCompressed = 0): Buffer {
  return Buffer.concat([Buffer.from([isCompressed]), uint32(bytes.length), bytes]);
}

function withLength(block: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([block.length]), block]);
}

function headerBlocks(indexing: Indexing): Buffer {
  const encoder = new HpackEncoder();
  const block = (value: string): Buffer =>
    withLength(
      encoder.encode([
        { name: ':method', value: 'POST', indexing },
        { name: 'x-name', value, indexing },
        { name: 'authorization', value: '\u00ff\u0001', indexing: 'secret' },
      ]),
    );
  const first = block('one');
  encoder.setTableSize(64);
  encoder.setTableSize(4096);
  return Buffer.concat([first, block('one'), block('two')]);
}

const gzipped = frame(FRAME.DATA, FLAG.END_STREAM, 1, message(gzipSync(Buffer.from('hello')), 1));
const padded = frame(
  FRAME.DATA,
  FLAG.PADDED | FLAG.END_STREAM,
  1,
  Buffer.concat([Buffer.from([3]), message(Buffer.from('hi')), Buffer.alloc(3)]),
);
const half = requestBlock().subarray(0, 20);
const cut = Buffer.concat([
  frame(FRAME.HEADERS, 0, 1, half),
  frame(FRAME.CONTINUATION, FLAG.END_HEADERS, 1, requestBlock().subarray(20)),
]);
const prioritized = frame(
  FRAME.HEADERS,
  FLAG.END_HEADERS | FLAG.PRIORITY,
  1,
  Buffer.concat([uint32(0), Buffer.from([15]), requestBlock()]),
);
const settings = frame(
  FRAME.SETTINGS,
  0,
  0,
  encodeSettings([
    [SETTING.HEADER_TABLE_SIZE, 0],
    [SETTING.INITIAL_WINDOW_SIZE, 3],
    [SETTING.MAX_FRAME_SIZE, 16_384],
  ]),
);
const answer = Buffer.concat([
  frame(FRAME.HEADERS, FLAG.END_HEADERS, 1, ANSWER_HEADERS),
  frame(FRAME.DATA, 0, 1, message(Buffer.from('yes'))),
  frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, OK_TRAILERS),
]);
const refusal = frame(
  FRAME.HEADERS,
  FLAG.END_HEADERS | FLAG.END_STREAM,
  3,
  statusBlock({ code: 8, message: 'busy', retryDelayMs: 100 }, []),
);

const CONTROL: readonly Buffer[] = [
  frame(FRAME.SETTINGS, 0, 0),
  frame(FRAME.SETTINGS, FLAG.ACK, 0),
  settings,
  frame(FRAME.PING, 0, 0, Buffer.alloc(8, 7)),
  frame(FRAME.PING, FLAG.ACK, 0, Buffer.alloc(8)),
  frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(70_000)),
  frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1)),
  frame(FRAME.RST_STREAM, 0, 1, uint32(CANCEL)),
  frame(FRAME.PRIORITY, 0, 1, Buffer.from([0, 0, 0, 3, 9])),
  frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(1), uint32(11), Buffer.from('too_many_pings')])),
  frame(0xfe, 1, 1, Buffer.from('unknown')),
];
const begin = frame(FRAME.SETTINGS, 0, 0);

/** Whole inputs, by what they are for. */
export const SEEDS = {
  headerBlocks: [headerBlocks('indexed'), headerBlocks('plain'), withLength(requestBlock())],
  /** As a client sends it after its preface. */
  clientTraffic: [
    Buffer.concat([begin, requestHeaders(1), messageData(1, Buffer.from('hello'))]),
    Buffer.concat([begin, requestHeaders(1, { 'grpc-encoding': 'gzip', 'grpc-timeout': '1S' }), gzipped]),
    Buffer.concat([begin, cut, padded, requestHeaders(3), messageData(3)]),
    Buffer.concat([begin, prioritized, ...CONTROL]),
    Buffer.concat([settings, requestHeaders(1), messageData(1, Buffer.alloc(50))]),
  ],
  /** As a server sends it. */
  serverTraffic: [
    Buffer.concat([begin, answer]),
    Buffer.concat([begin, answer, refusal, ...CONTROL]),
    Buffer.concat([settings, refusal, answer]),
  ],
} as const;

/** Pieces, for any input. */
export const TOKENS: readonly Buffer[] = [
  ...CONTROL,
  requestHeaders(3),
  requestHeaders(5, { 'content-length': '5' }),
  messageData(3, Buffer.from('hi')),
  answer,
  refusal,
  cut,
  padded,
  gzipped,
  frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, OK_TRAILERS),
  Buffer.from('3fe11f', 'hex'),
  Buffer.from('20', 'hex'),
  Buffer.from('ffffffff7f', 'hex'),
  Buffer.from('be', 'hex'),
];

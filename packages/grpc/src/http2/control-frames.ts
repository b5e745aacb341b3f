/**
 * The payloads of frames that carry no data, RFC 9113 section 6; all numbers are big endian. Each function checks the length
 * and the stream, and throws a `ConnectionError` where the rules of that frame ask for one.
 */
import { frameSizeError, protocolError } from './connection-error.ts';
import { readStreamId, readUint32 } from './protocol.ts';

/** Of the text of a GOAWAY, so much is read. */
const MAX_TEXT_BYTES = 200;

/** `RST_STREAM   error code 4`. Gives the code. */
export function readReset(streamId: number, payload: Buffer, start: number, end: number): number {
  if (end - start !== 4) throw frameSizeError('RST_STREAM of a wrong length');
  if (streamId === 0) throw protocolError('RST_STREAM on stream 0');
  return readUint32(payload, start);
}

/** `PING   opaque 8`. */
export function checkPing(streamId: number, start: number, end: number): void {
  if (end - start !== 8) throw frameSizeError('PING of a wrong length');
  if (streamId !== 0) throw protocolError('PING on a stream');
}

/** `SETTINGS   (setting 2, value 4)…`, or nothing in an acknowledgement. */
export function checkSettings(isAck: boolean, streamId: number, start: number, end: number): void {
  if (streamId !== 0) throw protocolError('SETTINGS on a stream');
  if (isAck && end > start) throw frameSizeError('an acknowledgement of SETTINGS that is not empty');
}

/** `WINDOW_UPDATE   increment 4`. Gives the increment; 0 is wrong on a connection, and the caller's to refuse on a stream. */
export function readWindowUpdate(streamId: number, payload: Buffer, start: number, end: number): number {
  if (end - start !== 4) throw frameSizeError('WINDOW_UPDATE of a wrong length');
  const bytes = readStreamId(payload, start);
  if (streamId === 0 && bytes === 0) throw protocolError('WINDOW_UPDATE of nothing');
  return bytes;
}

/** What a GOAWAY says. */
export interface Goaway {
  /** Streams above it were not looked at. */
  readonly lastStreamId: number;
  readonly code: number;
  readonly text: string;
}

/** `GOAWAY   last stream 4 · error code 4 · text`. */
export function readGoaway(streamId: number, payload: Buffer, start: number, end: number): Goaway {
  if (streamId !== 0) throw protocolError('GOAWAY on a stream');
  if (end - start < 8) throw frameSizeError('GOAWAY of a wrong length');
  return {
    lastStreamId: readStreamId(payload, start),
    code: readUint32(payload, start + 4),
    text: payload.toString('utf8', start + 8, Math.min(end, start + 8 + MAX_TEXT_BYTES)),
  };
}

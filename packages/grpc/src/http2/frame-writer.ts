import type { Output } from './output.ts';
import { FLAG, FRAME, FRAME_HEAD_BYTES, writeFrameHead, writeUint32 } from './protocol.ts';
import { encodeSettings } from './settings.ts';

/** The longest text of a GOAWAY. */
const MAX_DEBUG_LENGTH = 200;

/** Writes every frame but DATA to an output. */
export class FrameWriter {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  settings(settings: readonly (readonly [setting: number, value: number])[]): void {
    const payload = encodeSettings(settings);
    this.#head(payload.length, FRAME.SETTINGS, 0, 0);
    this.#output.add(payload);
  }

  settingsAck(): void {
    this.#head(0, FRAME.SETTINGS, FLAG.ACK, 0);
  }

  /** A header block, in as many frames of at most `maxFrameBytes` as it takes. */
  headers(streamId: number, block: Buffer, endStream: boolean, maxFrameBytes: number): void {
    const end = endStream ? FLAG.END_STREAM : 0;
    const first = Math.min(block.length, maxFrameBytes);
    const isWhole = first === block.length;
    this.#head(first, FRAME.HEADERS, end | (isWhole ? FLAG.END_HEADERS : 0), streamId);
    this.#output.append(block, 0, first);
    for (let at = first; at < block.length; at += maxFrameBytes) {
      const to = Math.min(block.length, at + maxFrameBytes);
      this.#head(to - at, FRAME.CONTINUATION, to === block.length ? FLAG.END_HEADERS : 0, streamId);
      this.#output.append(block, at, to);
    }
  }

  /** A ping whose payload ends with a number of 32 bits. */
  ping(payload: number): void {
    this.#head(8, FRAME.PING, 0, 0);
    this.#number(0);
    this.#number(payload);
  }

  /** The answer to the ping whose payload is in `payload` at `start`. */
  pong(payload: Buffer, start: number): void {
    this.#head(8, FRAME.PING, FLAG.ACK, 0);
    this.#output.append(payload, start, start + 8);
  }

  goaway(lastStreamId: number, code: number, text: string): void {
    const debug = Buffer.from(text.slice(0, MAX_DEBUG_LENGTH));
    this.#head(8 + debug.length, FRAME.GOAWAY, 0, 0);
    this.#number(lastStreamId);
    this.#number(code);
    this.#output.append(debug, 0, debug.length);
  }

  reset(streamId: number, code: number): void {
    this.#head(4, FRAME.RST_STREAM, 0, streamId);
    this.#number(code);
  }

  /** Gives the peer so much more room; on stream 0, the connection. */
  windowUpdate(streamId: number, bytes: number): void {
    this.#head(4, FRAME.WINDOW_UPDATE, 0, streamId);
    this.#number(bytes);
  }

  #head(length: number, type: number, flags: number, streamId: number): void {
    const at = this.#output.reserve(FRAME_HEAD_BYTES);
    writeFrameHead(this.#output.block, at, length, type, flags, streamId);
  }

  #number(value: number): void {
    const at = this.#output.reserve(4);
    writeUint32(value, this.#output.block, at);
  }
}

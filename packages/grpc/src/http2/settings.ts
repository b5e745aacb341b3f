/**
 * SETTINGS, RFC 9113 section 6.5: pairs of a number (2 bytes) and a value (4 bytes), big endian; they hold in the order in
 * which they stand.
 */
import { flowControlError, frameSizeError, protocolError } from './connection-error.ts';
import {
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  LARGEST_MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  readUint32,
  SETTING,
  writeUint32,
} from './protocol.ts';

const PAIR_BYTES = 6;

/** What the peer has said of itself. */
export class PeerSettings {
  headerTableBytes = 4096;
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  initialWindowBytes = DEFAULT_WINDOW_BYTES;
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  maxHeaderListBytes = Number.POSITIVE_INFINITY;

  /**
   * Takes the payload of a frame. Settings that nobody knows are passed over.
   * @throws ConnectionError
   */
  read(payload: Buffer, start: number, end: number): void {
    if ((end - start) % PAIR_BYTES !== 0) throw frameSizeError('SETTINGS of a wrong length');
    for (let at = start; at < end; at += PAIR_BYTES) {
      this.#set((payload[at]! << 8) | payload[at + 1]!, readUint32(payload, at + 2));
    }
  }

  #set(setting: number, value: number): void {
    switch (setting) {
      case SETTING.HEADER_TABLE_SIZE:
        this.headerTableBytes = value;
        break;
      case SETTING.ENABLE_PUSH:
        if (value > 1) throw protocolError(`SETTINGS_ENABLE_PUSH is neither 0 nor 1 (${value})`);
        break;
      case SETTING.MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        break;
      case SETTING.INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_BYTES) {
          throw flowControlError(`SETTINGS_INITIAL_WINDOW_SIZE is too large (${value})`);
        }
        this.initialWindowBytes = value;
        break;
      case SETTING.MAX_FRAME_SIZE:
        if (value < DEFAULT_MAX_FRAME_BYTES || value > LARGEST_MAX_FRAME_BYTES) {
          throw protocolError(`SETTINGS_MAX_FRAME_SIZE is out of its range (${value})`);
        }
        this.maxFrameBytes = value;
        break;
      case SETTING.MAX_HEADER_LIST_SIZE:
        this.maxHeaderListBytes = value;
        break;
    }
  }
}

/** Encodes the payload of a frame. */
export function encodeSettings(settings: readonly (readonly [setting: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * PAIR_BYTES);
  for (const [index, [setting, value]] of settings.entries()) {
    payload[index * PAIR_BYTES + 1] = setting;
    writeUint32(value, payload, index * PAIR_BYTES + 2);
  }
  return payload;
}

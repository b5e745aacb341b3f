import type { ParseHead } from './header-reader.ts';
import type { Http2Stream } from './stream.ts';

/** What a server's connection does otherwise than a client's. */
export interface ConnectionRole<Head> {
  readonly parse: ParseHead<Head>;
  /** A stream begins that is not known. Opens it, refuses it, or throws a `ConnectionError`. */
  onNewStream(id: number, head: Head, endStream: boolean): void;
  /** Whether nobody has begun a stream of this number yet. */
  isIdle(streamId: number): boolean;
  /** The peer has said what it allows. */
  onSettings(): void;
  /** The peer takes no streams above `lastStreamId`. */
  onGoaway(lastStreamId: number, code: number, text: string): void;
  /** A ping of ours was answered. */
  onPong(payload: number): void;
  /** A stream is done with, whichever way. */
  onStreamClosed(stream: Http2Stream<Head>): void;
  /** The connection takes part in nothing more; `error` is why, where it did not just end. */
  onClosed(error: Error): void;
}

export interface ConnectionOptions {
  readonly settings: readonly (readonly [setting: number, value: number])[];
  /** What all streams together may receive before they are given more. */
  readonly windowBytes: number;
  /** What one may; the value of SETTINGS_INITIAL_WINDOW_SIZE. */
  readonly streamWindowBytes: number;
  /** Whether nothing is read while the peer does not read what it was answered. */
  readonly waitsForReader: boolean;
}

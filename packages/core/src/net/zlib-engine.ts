/**
 * Engines of Node's zlib that are used again and again, in place.
 *
 * `zlib.gzipSync` and its like make an engine for each call: a stream with its listeners, and tables of 40 KB to some MB
 * whose pages the kernel must clear first. For a request of a hundred items that is up to half of the whole work
 * (bench/compression.ts). The engine below goes on with the same native object. What it uses of Node is private; where Node
 * has become another, `isReusable` says so and callers take the public functions.
 */
import zlib from 'node:zlib';

/** The native object inside of a zlib stream. */
interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
  reset(): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface EngineStream {
  readonly _handle: Handle;
  /** How much of the output is unused and of the input unread, after a write. */
  readonly _writeState: Uint32Array;
}

/** Whether this Node has what engines are made of. */
export const isReusable = ((): boolean => {
  const { _handle, _writeState } = zlib.createGunzip({ chunkSize: 64 }) as unknown as Partial<EngineStream>;
  return typeof _handle?.writeSync === 'function' && _writeState instanceof Uint32Array;
})();

/** What went wrong in an engine, with zlib's own code and text. */
export class EngineError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** See the head of this file. For one call at a time; after an error it must not be used again. */
export class ZlibEngine {
  readonly #handle: Handle;
  readonly #state: Uint32Array;
  readonly #flush: number;
  readonly #resets: boolean;
  #error: EngineError | undefined;

  /** `stream` becomes the engine's own. zstd's begins anew by itself at the end of a frame, zlib's must be told. */
  constructor(stream: zlib.Zlib, format: 'zlib' | 'zstd') {
    const { _handle, _writeState } = stream as unknown as EngineStream;
    this.#handle = _handle;
    this.#state = _writeState;
    this.#resets = format === 'zlib';
    this.#flush = format === 'zlib' ? zlib.constants.Z_FINISH : zlib.constants.ZSTD_e_end;
    this.#handle.onerror = (message, _errno, code) => {
      this.#error = new EngineError(message, code);
    };
  }

  /** How many bytes of the last input were not read. */
  get unread(): number {
    return this.#state[1]!;
  }

  begin(): void {
    if (this.#resets) this.#handle.reset();
  }

  /**
   * Reads `input` from `inputAt` to its end, the last of what there is, and writes to `output` from `outputAt` on. Gives where the
   * output ends now; at the end of `output` there may be more, which a further call gives (see `unread`).
   */
  write(input: Uint8Array, inputAt: number, output: Uint8Array, outputAt: number): number {
    this.#handle.writeSync(
      this.#flush,
      input,
      inputAt,
      input.length - inputAt,
      output,
      outputAt,
      output.length - outputAt,
    );
    const error = this.#error;
    if (error !== undefined) {
      this.#error = undefined;
      throw error;
    }
    return output.length - this.#state[0]!;
  }
}

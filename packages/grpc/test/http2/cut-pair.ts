import { Duplex } from 'node:stream';

/** One end of a connection in memory. What is written comes out of the other end cut at the places that `nextCut` says. */
class CutEnd extends Duplex {
  readonly #nextCut: () => number;
  #other: CutEnd | undefined;
  #whenRead: (() => void) | undefined;

  constructor(nextCut: () => number) {
    super({ allowHalfOpen: false });
    this.#nextCut = nextCut;
  }

  join(other: CutEnd): void {
    this.#other = other;
  }

  setNoDelay(): this {
    return this;
  }

  override _read(): void {
    const whenRead = this.#whenRead;
    this.#whenRead = undefined;
    whenRead?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    let goesOn = true;
    for (let at = 0; at < chunk.length; ) {
      const end = Math.min(chunk.length, at + Math.max(1, this.#nextCut()));
      // A copy of its own, as a socket gives: the writer may use its memory again.
      goesOn = this.#other?.push(Buffer.from(chunk.subarray(at, end))) === true;
      at = end;
    }
    if (goesOn || this.#other === undefined) setImmediate(done);
    else this.#other.#whenRead = done;
  }

  override _final(done: () => void): void {
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const other = this.#other;
    setImmediate(() => {
      if (other?.destroyed === false) other.destroy();
    });
    done(error);
  }
}

/** A connection in memory. `cuts` are the lengths of the pieces in which bytes come, over and over. */
export function cutPair(cuts: readonly number[]): readonly [Duplex, Duplex] {
  let next = 0;
  const nextCut = (): number => cuts[next++ % cuts.length]!;
  const one = new CutEnd(nextCut);
  const two = new CutEnd(nextCut);
  one.join(two);
  two.join(one);
  return [one, two];
}
